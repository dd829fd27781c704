package root

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"

	"github.com/refold-dev/refold/domain/effect"
)

// Effects is a running SHA-256 of effects, which can go on in another process: the
// form in which crypto/sha256 saves its state. The zero value has none.
type Effects [108]byte

// IsZero reports whether there has been no effect.
func (e Effects) IsZero() bool { return e == Effects{} }

// MarshalText implements encoding.TextMarshaler.
func (e Effects) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, e[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler. The error says what is no state
// of a hash.
func (e *Effects) UnmarshalText(text []byte) error {
	if err := decode(e[:], text); err != nil {
		return err
	}
	if e.IsZero() {
		return nil
	}
	return NewHasher().resume(*e)
}

// Sum is the digest of the effects so far; zero for none.
func (e Effects) Sum() (d Digest) {
	if e.IsZero() {
		return d
	}
	h := NewHasher()
	if h.resume(e) != nil {
		return d // which no state is that came from Add or UnmarshalText
	}
	h.hash.Sum(d[:0])
	return d
}

// Hasher moves a running hash. It allocates nothing per effect, and is used by one
// goroutine.
type Hasher struct {
	hash    hash.Hash
	restore encoding.BinaryUnmarshaler
	save    encoding.BinaryAppender
	buf     []byte
}

// atOnce is about how much is hashed in one go, in bytes.
const atOnce = 32 << 10

// NewHasher returns a hasher, which is of no running hash in particular.
func NewHasher() *Hasher {
	h := sha256.New()
	return &Hasher{hash: h, restore: h.(encoding.BinaryUnmarshaler), save: h.(encoding.BinaryAppender)}
}

func (h *Hasher) resume(e Effects) error {
	if e.IsZero() {
		h.hash.Reset()
		return nil
	}
	h.buf = append(h.buf[:0], e[:]...)
	if err := h.restore.UnmarshalBinary(h.buf); err != nil {
		return fmt.Errorf("going on with the hash of the effects: %w", err)
	}
	return nil
}

// Add is e with effects behind it. What an effect has from the event that caused it
// is digested as the event's position.
func (h *Hasher) Add(e Effects, effects []effect.Effect) Effects {
	if len(effects) == 0 || h.resume(e) != nil {
		return e
	}
	h.buf = h.buf[:0]
	for i := range effects {
		h.buf = appendEffect(h.buf, &effects[i])
		if len(h.buf) >= atOnce {
			h.hash.Write(h.buf)
			h.buf = h.buf[:0]
		}
	}
	h.hash.Write(h.buf)
	saved, err := h.save.AppendBinary(h.buf[:0])
	if err != nil || len(saved) != len(e) {
		panic(fmt.Sprintf("crypto/sha256 saves its state in %d bytes, and not in %d: %v", len(saved), len(e), err))
	}
	h.buf = saved
	return Effects(saved)
}

func appendEffect(b []byte, f *effect.Effect) []byte {
	for _, n := range [...]uint64{uint64(f.Kind), uint64(f.Level), uint64(f.Cause), uint64(f.Ordinal), uint64(len(f.Name)), uint64(len(f.Key)), uint64(len(f.Body))} {
		b = binary.AppendUvarint(b, n)
	}
	b = append(b, f.Name...)
	b = append(b, f.Key...)
	return append(b, f.Body...)
}
