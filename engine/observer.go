package engine

import "github.com/refold-dev/refold/domain/event"

// Observer is told what happens. Every function may be nil; none may block.
// They are called from the pipelines' goroutines, which hold no locks then.
type Observer struct {
	// Changed: the pipeline has gone from one lifecycle state to another.
	Changed func(t Transition)
	// Folded: a batch has been folded and every executor has performed its effects.
	Folded func(pipeline string, generation uint64, through event.Position, events, effects int)
	// Checkpointed: the state has been stored.
	Checkpointed func(pipeline string, generation uint64, at event.Position)
	// Faulted: the pipeline has stopped because of err.
	Faulted func(pipeline string, err error)
}

func (o *Observer) ensureDefaults() {
	if o.Changed == nil {
		o.Changed = func(Transition) {}
	}
	if o.Folded == nil {
		o.Folded = func(string, uint64, event.Position, int, int) {}
	}
	if o.Checkpointed == nil {
		o.Checkpointed = func(string, uint64, event.Position) {}
	}
	if o.Faulted == nil {
		o.Faulted = func(string, error) {}
	}
}
