package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/refold-dev/refold/domain/fsm"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
)

// RefusedError is something that a pipeline's state does not allow.
type RefusedError struct {
	Pipeline string `json:"pipeline"`
	State    State  `json:"state"`
	Input    Input  `json:"input"`
	// Rule is a stable code; empty where the lifecycle knows no such step.
	Rule   string `json:"rule,omitempty"`
	Reason string `json:"reason"`
	// Err is what the reason says, if it is an error; in this process only.
	Err error `json:"-"`
}

func (e *RefusedError) Unwrap() error { return e.Err }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("pipeline %s is %s: %s", e.Pipeline, e.State, e.Reason)
}

func refused(pipeline string, from State, in Input, err error) error {
	e := &RefusedError{Pipeline: pipeline, State: from, Input: in, Reason: "it does not take " + string(in)}
	var rule *fsm.BusinessRuleError
	if errors.As(err, &rule) {
		e.Rule, e.Reason = rule.Rule, rule.Reason
	}
	return e
}

// maxReason bounds what is kept of a reason or of an error, in bytes.
const maxReason = 4 << 10

// life is where one pipeline is in its lifecycle. What outlives the engine is
// on disk before anybody is told. One goroutine at a time takes steps; any may
// look.
type life struct {
	pipeline string
	store    *checkpoint.Store
	now      func() time.Time
	changed  func(Transition)
	logger   *slog.Logger
	advise   func(error) string // may be nil

	mu    sync.Mutex
	at    checkpoint.Life
	cause error // of a fault, if it was in this process
}

// newLife is that of a pipeline of which is not known yet what it remembers.
func newLife(pipeline string, store *checkpoint.Store, opts *Options) life {
	return life{pipeline: pipeline, store: store, now: opts.Now, changed: opts.Observer.Changed, logger: opts.Logger,
		advise: opts.Advise, at: checkpoint.Life{State: string(Stopped)}}
}

// remembered is what a pipeline's state is while nobody runs it.
func remembered(store *checkpoint.Store) (at checkpoint.Life, err error) {
	if at, err = store.Life(); err != nil {
		return at, err
	}
	if at.State != "" {
		if s := State(at.State); !slices.Contains(lifecycle.States(), s) || !s.outlives() {
			return at, fmt.Errorf("%q is no state that it can have been left in", at.State)
		}
		return at, nil
	}
	active, _, err := store.Generations()
	at.State = string(Stopped)
	if active == 0 {
		at.State = string(Declared)
	}
	return at, err
}

func (l *life) set(at checkpoint.Life, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at, l.cause = at, cause
}

// look returns where the pipeline is, and the error that has stopped it.
func (l *life) look() (at checkpoint.Life, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at, l.cause
}

func (l *life) state() State {
	at, _ := l.look()
	return State(at.State)
}

// takes reports why the present state does not take an input.
func (l *life) takes(in Input) error {
	from := l.state()
	if _, _, err := lifecycle.Step(from, in); err != nil {
		return refused(l.pipeline, from, in, err)
	}
	return nil
}

func (l *life) can(in Input) bool { return l.takes(in) == nil }

// ask takes a step that an operator has asked for. It is on disk, or has not
// been taken.
func (l *life) ask(in Input, reason string) error {
	t, err := l.step(in, reason, nil)
	if err == nil {
		l.tell(t)
	}
	return err
}

// become takes a step of the engine's own, of which cause is the error, if it is
// a fault. Should the disk refuse it, it is taken for this process.
func (l *life) become(in Input, cause error) {
	reason := ""
	if cause != nil {
		reason = cause.Error()
	}
	t, err := l.step(in, reason, cause)
	var no *RefusedError
	switch {
	case errors.As(err, &no):
		l.logger.Error("a step that the lifecycle does not have", "pipeline", l.pipeline, "error", err)
		return
	case err != nil:
		l.logger.Warn("what has become of the pipeline is not on disk", "pipeline", l.pipeline, "state", string(t.To), "error", err)
		l.set(l.behind(t, cause), cause)
	}
	l.tell(t)
}

// step is the transition that an input makes, once it is on disk and in effect.
func (l *life) step(in Input, reason string, cause error) (t Transition, err error) {
	from := l.state()
	to, _, err := lifecycle.Step(from, in)
	if err != nil {
		return t, refused(l.pipeline, from, in, err)
	}
	t = Transition{Pipeline: l.pipeline, From: from, To: to, By: in, At: l.now(), Reason: bounded(reason)}
	if from == to && cause == nil {
		return t, nil
	}
	at := l.behind(t, cause)
	if from.outlives() || to.outlives() {
		kept := at
		if !to.outlives() {
			kept = checkpoint.Life{}
		}
		if err := l.store.SetLife(kept); err != nil {
			return t, fmt.Errorf("pipeline %s: %w", l.pipeline, err)
		}
	}
	l.set(at, cause)
	return t, nil
}

// behind is the life behind a transition, of which cause is the error, if it is a fault. A
// pause keeps the error that it finds.
func (l *life) behind(t Transition, cause error) checkpoint.Life {
	before, _ := l.look()
	at := checkpoint.Life{State: string(t.To), Since: t.At}
	switch t.To {
	case Faulted:
		at.Error = t.Reason
		if l.advise != nil {
			at.Hint = l.advise(cause)
		}
	case Paused:
		at.Reason, at.Error, at.Hint = t.Reason, before.Error, before.Hint
	}
	return at
}

func (l *life) tell(t Transition) {
	if t.From != t.To {
		l.changed(t)
	}
}

func bounded(text string) string {
	if len(text) <= maxReason {
		return text
	}
	return strings.ToValidUTF8(text[:maxReason], "") + "…"
}
