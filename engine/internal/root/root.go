package root

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/refold-dev/refold/domain/event"
)

// Root is what a read model is at a position.
type Root struct {
	Position event.Position `json:"position"`
	// Effects is that of all effects up to there, States that of all keys and their
	// states, and Aside that of the events which are not folded in their turn.
	Effects Digest `json:"effects"`
	States  Set    `json:"states"`
	Aside   Set    `json:"aside"`
	// Answer is that of what a resident projection answers to the empty query; zero where
	// there is none.
	Answer Digest `json:"answer,omitzero"`
	// Sum is the root itself: of the declaration, and of all above.
	Sum Digest `json:"root"`
}

// Seal computes the sum, by the identity of a declaration.
func (r *Root) Seal(identity string) {
	kind, parts := "refold root 1\n", []Digest{r.Effects, r.States.Digest, r.Aside.Digest}
	if !r.Answer.IsZero() { // of which the first versions knew nothing
		kind, parts = "refold root 2\n", append(parts, r.Answer)
	}
	b := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(identity)))
	b = append(b, identity...)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Position))
	for _, d := range parts {
		b = append(b, d[:]...)
	}
	r.Sum = sha256.Sum256(b)
}

// Is reports whether two roots of one declaration are the same. Where only one of them
// has an answer, that is not looked at.
func (r Root) Is(other Root, identity string) bool {
	if r.Answer.IsZero() != other.Answer.IsZero() {
		for _, one := range []*Root{&r, &other} {
			one.Answer = Digest{}
			one.Seal(identity)
		}
	}
	return r == other
}

// Chain is the link of a root behind the link of the one that is kept before it,
// which is zero for the first.
func Chain(before, sum Digest) Digest {
	return sha256.Sum256(append(before[:], sum[:]...))
}
