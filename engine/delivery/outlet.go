package delivery

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Executor is what an outlet needs of an executor.
type Executor interface {
	Handles(k effect.Kind) bool
	Position() (p event.Position, ok bool)
	Execute(ctx context.Context, b effect.Batch) error
}

// Retry says how often to try, and how long to pause between two attempts.
type Retry struct {
	Attempts       int
	First, Longest time.Duration
}

// Policy is how effects come to one executor.
type Policy struct {
	Retry Retry
	// Suppress keeps effects that a replay brings again from the executor.
	Suppress bool
	// DeadLetters leaves out an effect that can never be performed, and keeps it.
	DeadLetters bool
}

// Letter is an effect that an executor can never perform.
type Letter struct {
	Executor string
	Effect   effect.Effect
	Err      error
}

// Trouble is what an outlet waits for.
type Trouble struct {
	Err      error
	Attempts int
	Since    time.Time
}

// Outlet hands batches to one executor, in order and one after the other, until
// each has been performed. It remembers how far it is. Perform is called by one
// goroutine at a time, the other methods by any.
type Outlet struct {
	name     string
	executor Executor
	policy   Policy
	now      func() time.Time
	querier  Querier       // answers Query effects; nil: the executor gets them like any other
	answers  Answers       // keeps the answers
	joins    bool          // batches that lie ready are performed as one
	told     func(Attempt) // of each attempt; nil: nobody is

	passed     atomic.Uint64 // position
	suppressed atomic.Uint64 // position: effects up to it have been performed before
	owed       Owed          // but for these
	trouble    atomic.Pointer[Trouble]

	mu      sync.Mutex
	letters []Letter
}

// NewOutlet returns an outlet that has come to a position.
func NewOutlet(name string, x Executor, p Policy, at event.Position, now func() time.Time) *Outlet {
	o := &Outlet{name: name, executor: x, policy: p, now: now}
	o.passed.Store(uint64(at))
	return o
}

// Name is the executor's, within its pipeline.
func (o *Outlet) Name() string { return o.name }

// Position is the last position whose effects have been performed.
func (o *Outlet) Position() event.Position { return event.Position(o.passed.Load()) }

// Trouble is what the outlet waits for; nil for nothing.
func (o *Outlet) Trouble() *Trouble { return o.trouble.Load() }

// Owed reports whether an effect that a replay brings has not been performed before.
type Owed func(executor string, f *effect.Effect) bool

// ErrOwed is why an effect becomes a letter that no generation has had performed: it
// is to be performed when the replay has come to its end.
var ErrOwed = errors.New("it was parked or left out before this replay, and has not been performed yet")

// SuppressThrough keeps the effects of events up to a position from an executor that
// is not to perform a replay's, and reports whether it is such a one. What is owed
// becomes a letter.
func (o *Outlet) SuppressThrough(p event.Position, owed Owed) bool {
	if o.policy.Suppress {
		o.suppressed.Store(uint64(p))
		o.owed = owed
	}
	return o.policy.Suppress
}

// Letters takes what has been left out since the last call.
func (o *Outlet) Letters() []Letter {
	o.mu.Lock()
	defer o.mu.Unlock()
	taken := o.letters
	o.letters = nil
	return taken
}

// AnswerWith has Query effects answered, and not handed to the executor any more. It
// is called before Perform.
func (o *Outlet) AnswerWith(q Querier, a Answers) { o.querier, o.answers = q, a }

// Perform has the executor perform a batch. What it has performed before it
// passes over. When hurry is done, an attempt that fails is the last one. The
// error is an *Error.
func (o *Outlet) Perform(ctx, hurry context.Context, b effect.Batch) error {
	parts := []part{{batch: b}}
	if o.querier != nil {
		parts = cut(b)
	}
	for i := range parts {
		if err := o.performPart(ctx, hurry, &parts[i]); err != nil {
			return err
		}
	}
	return nil
}

// performPart has a part's effects performed, and then its queries answered: so the
// position passes no query that is not.
func (o *Outlet) performPart(ctx, hurry context.Context, p *part) error {
	attempts, err := 0, error(nil)
	if len(p.batch.Effects) > 0 || !p.batch.Late {
		attempts, err = o.perform(ctx, hurry, p.batch)
	}
	if err == nil {
		o.pass(p.batch.Through)
		attempts, err = o.ask(ctx, hurry, &p.batch, p.queries)
	}
	if err != nil {
		_, passes := Retryable(err)
		return &Error{Executor: o.name, Through: p.batch.Through, Attempts: attempts, Hurried: passes && attempts < o.policy.Retry.Attempts, Err: err}
	}
	return nil
}

// pass notes that the effects up to a position have been performed.
func (o *Outlet) pass(through event.Position) {
	o.passed.Store(max(o.passed.Load(), uint64(through)))
}

func (o *Outlet) perform(ctx, hurry context.Context, b effect.Batch) (attempts int, err error) {
	if !b.Late {
		at := o.Position()
		if b.Through <= at {
			return 0, nil
		}
		if b.After > at {
			return 0, &CoverageError{At: at, After: b.After, Through: b.Through}
		}
		b.Effects = o.due(b.Effects, at)
	}
	t := o.begin(hurry)
	defer t.end()
	for {
		t.attempts++
		err := o.execute(ctx, b)
		if err == nil {
			return t.attempts, nil
		}
		rest, done := o.rest(b.Effects, err)
		if b.Effects = rest; done {
			t.anew()
			continue
		}
		if !t.again(err) {
			return t.attempts, errors.Join(err, o.performBefore(ctx, b, err))
		}
	}
}

// performBefore performs, of a batch in which an event is condemned, what the events
// before that one ask for: so the executor stops right before it.
func (o *Outlet) performBefore(ctx context.Context, b effect.Batch, err error) error {
	cause, _, poisoned := Poisoned(err)
	if !poisoned || b.Late || cause <= o.Position()+1 || cause > b.Through {
		return nil
	}
	b.Through = cause - 1
	b.Effects = b.Effects[:index(b.Effects, cause, 0)]
	if err := o.execute(ctx, b); err != nil {
		return err
	}
	o.pass(b.Through)
	return nil
}

// due leaves out what has been performed before: an executor without
// transactions does not know.
func (o *Outlet) due(effects []effect.Effect, at event.Position) []effect.Effect {
	suppressed := event.Position(o.suppressed.Load())
	for i := behind(effects, at); i < len(effects) && effects[i].Cause <= suppressed; i++ {
		if f := &effects[i]; o.owed != nil && o.executor.Handles(f.Kind) && o.owed(o.name, f) {
			o.leave(*f, ErrOwed)
		}
	}
	if _, knows := o.executor.Position(); knows {
		at = 0
	}
	return effects[behind(effects, max(at, suppressed)):]
}

// behind is the place of the first effect of an event behind a position.
func behind(effects []effect.Effect, at event.Position) int { return index(effects, at+1, 0) }

// rest is what is still to be done of a batch that has ended with an error, and
// whether that is less than before.
func (o *Outlet) rest(effects []effect.Effect, err error) (rest []effect.Effect, less bool) {
	rest = effects
	if cause, ordinal, ok := partial(err); ok {
		rest = rest[index(rest, cause, ordinal):]
	}
	cause, ordinal, poisoned := Poisoned(err)
	if !poisoned || !o.policy.DeadLetters {
		_, passes := Retryable(err)
		return rest, passes && len(rest) < len(effects)
	}
	at := index(rest, cause, ordinal)
	if at == len(rest) || rest[at].Cause != cause || rest[at].Ordinal != ordinal {
		return rest, false // it condemns what it was not given
	}
	o.leave(rest[at], err)
	return slices.Concat(rest[:at], rest[at+1:]), true
}

// index is the place of an effect among those in order, or of the first behind it.
func index(effects []effect.Effect, cause event.Position, ordinal uint32) int {
	at, _ := slices.BinarySearchFunc(effects, cause, func(f effect.Effect, cause event.Position) int {
		return cmp.Or(cmp.Compare(f.Cause, cause), cmp.Compare(f.Ordinal, ordinal))
	})
	return at
}

func (o *Outlet) leave(f effect.Effect, err error) {
	f.Body = slices.Clone(f.Body)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.letters = append(o.letters, Letter{o.name, f, err})
}

func (o *Outlet) report(err error, attempts int) {
	since := o.now()
	if before := o.trouble.Load(); before != nil {
		since = before.Since
	}
	o.trouble.Store(&Trouble{Err: err, Attempts: attempts, Since: since})
}

// wait pauses; it reports whether ctx has let it.
func wait(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
