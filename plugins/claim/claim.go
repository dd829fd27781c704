package claim

import (
	"errors"
	"fmt"
	"math"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Claim is an executor's right to be the only writer of a generation, and how far
// that generation has come.
type Claim struct {
	Pipeline   string
	Generation int64
	// Epoch is that of the opening: the next one takes a greater.
	Epoch int64
	// Position is what the last commit has left.
	Position event.Position
}

// New is what an opening begins with.
func New(pipeline string, generation uint64) (Claim, error) {
	if pipeline == "" {
		return Claim{}, errors.New("the pipeline has no name")
	}
	if generation > math.MaxInt64 {
		return Claim{}, fmt.Errorf("generation %d exceeds 63 bits", generation)
	}
	return Claim{Pipeline: pipeline, Generation: int64(generation)}, nil
}

// Checkpoint is what the place that is written to knows of a generation.
type Checkpoint struct {
	Position int64
	Epoch    int64
	Active   bool
}

// Connects checks that a batch is for the claim's generation and that no position
// is missing between it and the last one.
func (c *Claim) Connects(b effect.Batch) error {
	if b.Pipeline != c.Pipeline || b.Generation != uint64(c.Generation) {
		return fmt.Errorf("the batch is of pipeline %s, generation %d, the executor of pipeline %s, generation %d",
			b.Pipeline, b.Generation, c.Pipeline, c.Generation)
	}
	if b.Through < b.After {
		return fmt.Errorf("the batch ends at position %d, before it begins after %d", b.Through, b.After)
	}
	if b.After > c.Position {
		return &GapError{Position: c.Position, After: b.After}
	}
	return nil
}

// Through is the position that a batch leaves, and whether there is anything to
// do: a late batch leaves the one that there is.
func (c *Claim) Through(b effect.Batch) (p event.Position, due bool) {
	if b.Late {
		return c.Position, true
	}
	return b.Through, b.Through > c.Position
}

// FencedBy says what in the generation's checkpoint shows that another executor
// has been at work, as a [*FencedError]; nil if nothing does. exists is false where
// there is no checkpoint any more.
func (c *Claim) FencedBy(found Checkpoint, exists bool) error {
	reason := ""
	switch {
	case !exists:
		reason = "it has been discarded or replaced"
	case found.Epoch != c.Epoch:
		reason = fmt.Sprintf("it has been opened again: this executor has epoch %d, the last one %d", c.Epoch, found.Epoch)
	case found.Position != int64(c.Position):
		reason = fmt.Sprintf("its position is %d, not %d as this executor left it", found.Position, c.Position)
	default:
		return nil
	}
	return &FencedError{Pipeline: c.Pipeline, Generation: uint64(c.Generation), Reason: reason}
}

// ReplacedBy is the error of opening a generation that is not there any more.
func (c *Claim) ReplacedBy(generation int64) error {
	return &FencedError{c.Pipeline, uint64(c.Generation), uint64(generation), fmt.Sprintf("generation %d has replaced it", generation)}
}
