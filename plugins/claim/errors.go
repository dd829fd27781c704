package claim

import (
	"errors"
	"fmt"

	"github.com/refold-dev/refold/domain/event"
)

var (
	// ErrActive refuses to discard the generation that readers see.
	ErrActive = errors.New("the generation is active")
	// ErrClosed says that the executor has been closed.
	ErrClosed = errors.New("the executor is closed")
)

// FencedError says that this executor is no longer the one that may write the
// generation. Nothing has been written.
type FencedError struct {
	Pipeline   string
	Generation uint64
	// By is the later generation that serves in its place, where that is why.
	By     uint64
	Reason string
}

func (e *FencedError) Error() string {
	return fmt.Sprintf("write pipeline %s, generation %d: %s", e.Pipeline, e.Generation, e.Reason)
}

// Fenced tells a caller that knows no types of this package.
func (e *FencedError) Fenced() bool { return true }

// ReplacedBy tells it which generation serves in the place of its own, if that is why.
func (e *FencedError) ReplacedBy() (generation uint64, ok bool) { return e.By, e.By > 0 }

// GapError refuses a batch that begins after the position: the effects
// between the two are missing.
type GapError struct {
	Position, After event.Position
}

func (e *GapError) Error() string {
	return fmt.Sprintf("the batch begins after position %d, but effects are committed through %d only", e.After, e.Position)
}
