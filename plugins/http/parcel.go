package http

import (
	"bytes"
	"crypto/sha256"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/effect"
)

// parcel is what one request has: effects in their JSON form.
type parcel struct {
	effects []*effect.Effect
	ids     []uuid.UUID
	texts   [][]byte
	size    int
}

// maxParcel is the size from which no further effect is added, in bytes.
const maxParcel = 1 << 20

// full reports whether a parcel of up to a number of effects has no room for
// another; there always is for one.
func (p *parcel) full(batch int) bool {
	return len(p.effects) > 0 && (len(p.effects) >= batch || p.size >= maxParcel)
}

// add takes an effect. The error says why it has no JSON form.
func (p *parcel) add(b *effect.Batch, f *effect.Effect) error {
	text, err := effect.AppendJSON(nil, b, f)
	if err != nil {
		return err
	}
	p.effects, p.ids, p.texts = append(p.effects, f), append(p.ids, b.ID(f)), append(p.texts, text)
	p.size += len(text)
	return nil
}

// body is the only effect or, as an array, all of them.
func (p *parcel) body(array bool) []byte {
	if !array {
		return p.texts[0]
	}
	return append(append([]byte("["), bytes.Join(p.texts, []byte(","))...), ']')
}

// id is the effect's or, of several, a UUID of version 8 over theirs.
func (p *parcel) id() uuid.UUID {
	if len(p.ids) == 1 {
		return p.ids[0]
	}
	var all []byte
	for _, id := range p.ids {
		all = append(all, id[:]...)
	}
	return uuid.NewHash(sha256.New(), uuid.Nil, all, 8)
}

// halves splits a parcel of several effects.
func (p *parcel) halves() (front, back *parcel) {
	half := len(p.effects) / 2
	return &parcel{effects: p.effects[:half], ids: p.ids[:half], texts: p.texts[:half]},
		&parcel{effects: p.effects[half:], ids: p.ids[half:], texts: p.texts[half:]}
}
