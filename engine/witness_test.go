package engine_test

import (
	"fmt"
	"slices"
	"sync"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

// build is one generation of a pipeline.
type build struct {
	pipeline   string
	generation uint64
}

// witness watches an engine, and the ones after it, and notes what must not be:
// an event that a generation folds twice or passes over.
type witness struct {
	mu      sync.Mutex
	folded  map[build]event.Position
	changes map[string][]engine.State // by pipeline, the states it went to
	faults  map[string][]error
	wrong   []string
	// forgiven are the builds that may fold again from before where they were.
	forgiven map[build]bool
	// strange lets a generation begin anywhere: what was before is not known.
	strange bool
}

func newWitness() *witness {
	return &witness{folded: map[build]event.Position{}, changes: map[string][]engine.State{}, faults: map[string][]error{}, forgiven: map[build]bool{}}
}

// observer is the witness, and behind it what a test wants to be told.
func (w *witness) observer(next engine.Observer) engine.Observer {
	return engine.Observer{
		Changed: func(tr engine.Transition) {
			w.note(func() { w.changes[tr.Pipeline] = append(w.changes[tr.Pipeline], tr.To) })
			if next.Changed != nil {
				next.Changed(tr)
			}
		},
		Folded: func(pipeline string, generation uint64, through event.Position, events, effects int) {
			w.note(func() { w.fold(build{pipeline, generation}, through, events) })
			if next.Folded != nil {
				next.Folded(pipeline, generation, through, events, effects)
			}
		},
		Checkpointed: next.Checkpointed,
		Called:       next.Called,
		Executed:     next.Executed,
		Faulted: func(pipeline string, err error) {
			w.forgive(pipeline)
			w.note(func() { w.faults[pipeline] = append(w.faults[pipeline], err) })
			if next.Faulted != nil {
				next.Faulted(pipeline, err)
			}
		},
	}
}

// forgive lets pipelines fold again from before where they are: they have been
// killed, or have met an error.
func (w *witness) forgive(pipelines ...string) {
	w.note(func() {
		for b := range w.folded {
			w.forgiven[b] = w.forgiven[b] || slices.Contains(pipelines, b.pipeline)
		}
	})
}

func (w *witness) note(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *witness) fold(b build, through event.Position, events int) {
	at, known := w.folded[b]
	begun := through - event.Position(events)
	again := w.forgiven[b] && begun < at
	w.forgiven[b] = false
	if begun != at && !again && (known || !w.strange) {
		w.wrong = append(w.wrong, fmt.Sprintf("%s, generation %d, folded through %d and then the events from %d on", b.pipeline, b.generation, at, begun+1))
	}
	w.folded[b] = through
}

func (w *witness) wrongs() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.wrong)
}

func (w *witness) statesOf(pipeline string) []engine.State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.changes[pipeline])
}

func (w *witness) faultsOf(pipeline string) []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.faults[pipeline])
}
