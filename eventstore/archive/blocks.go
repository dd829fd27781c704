package archive

import (
	"iter"
	"slices"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/frame"
)

// Block is some events at consecutive positions, as a frame.
type Block struct {
	First  event.Position
	Events int
	// Frame is a batch frame of one unkeyed group without slots, and Batch its
	// reader. Both alias a buffer that the next step of the loop overwrites.
	Frame []byte
	Batch frame.Batch
}

// Blocks yields the blocks from the one that holds a position on, so the first
// may begin before it, up to where the archive's head is when the loop begins.
// Given types, blocks without an event of any of them are left out, and not
// read. After an error, a *DamageError or ErrClosed, the loop ends.
func (a *Archive) Blocks(from event.Position, types ...string) iter.Seq2[Block, error] {
	return func(yield func(Block, error) bool) {
		s, err := a.snapshot()
		if err != nil {
			yield(Block{}, err)
			return
		}
		defer s.release()
		left := false
		r := reading{from: max(from, 1), reuse: true, more: func() bool { return !left }}
		r.visit = func(k block) {
			left = left || !yield(Block{First: k.first, Events: int(k.count), Frame: k.frame, Batch: k.batch}, nil)
		}
		if len(types) > 0 {
			r.block = func(v *view, b blockEntry) (bool, error) { return v.hasType(b, types) }
		}
		if from <= s.head {
			err = s.read(r)
		}
		if err != nil && !left {
			yield(Block{}, err)
		}
	}
}

// hasType reports whether a block has an event of one of the types.
func (v *view) hasType(b blockEntry, types []string) (bool, error) {
	have, err := v.index.blockTypes(b)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(have, func(t string) bool { return slices.Contains(types, t) }), nil
}
