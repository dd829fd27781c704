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
	// Sum is the root itself: of the declaration, and of all above.
	Sum Digest `json:"root"`
}

// Seal computes the sum, by the identity of a declaration.
func (r *Root) Seal(identity string) {
	b := binary.LittleEndian.AppendUint32([]byte("refold root 1\n"), uint32(len(identity)))
	b = append(b, identity...)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Position))
	for _, d := range []Digest{r.Effects, r.States.Digest, r.Aside.Digest} {
		b = append(b, d[:]...)
	}
	r.Sum = sha256.Sum256(b)
}

// Chain is the link of a root behind the link of the one that is kept before it,
// which is zero for the first.
func Chain(before, sum Digest) Digest {
	return sha256.Sum256(append(before[:], sum[:]...))
}
