package engine

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/delivery"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
)

// maxParked bounds the keys that are parked. Where that many fail, the fault is
// elsewhere.
const maxParked = 1000

// maxErrorText bounds what is kept of an error, in bytes.
const maxErrorText = 4 << 10

// The policies of config.Pipeline.OnError.
const (
	quarantine = "quarantine"
	deadLetter = "dead_letter"
	halt       = "halt"
)

// aside is what a generation does not fold in its turn. It answers the builder of
// its batches: see feed.Aside.
type aside struct {
	module string
	now    func() time.Time

	parked    map[string]*checkpoint.Parked // all keys that are, stored or not
	condemned map[event.Position]error      // events whose key is to be parked
	dead      map[event.Position]error      // events to be left out
	change    checkpoint.Aside              // since the last seal
	// building is what the batch that is being built adds; it is thrown away if the
	// batch is not folded.
	building checkpoint.Aside
	// retrying are parked keys whose events are let through.
	retrying map[string]bool
}

func newAside(module string, now func() time.Time, kept *checkpoint.Generation) (*aside, error) {
	a := &aside{module: module, now: now, condemned: map[event.Position]error{}, dead: map[event.Position]error{}}
	return a, a.reload(kept)
}

// reload goes back to what is stored. What has been condemned stays so.
func (a *aside) reload(kept *checkpoint.Generation) (err error) {
	a.parked, err = kept.Parked()
	a.change, a.building, a.retrying = checkpoint.Aside{}, checkpoint.Aside{}, nil
	return err
}

// isEmpty reports whether every event is folded in its turn.
func (a *aside) isEmpty() bool { return len(a.parked)+len(a.condemned)+len(a.dead) == 0 }

// begin forgets what the last batch would have added.
func (a *aside) begin() { a.building = checkpoint.Aside{} }

// DeadLettered implements feed.Aside.
func (a *aside) DeadLettered(e *event.Recorded) bool {
	err, dead := a.dead[e.Position]
	if dead {
		letter := &checkpoint.Letter{Failure: a.failure(e, err)}
		put(&a.building.Letters, letter.ID(), letter)
	}
	return dead
}

// Parked implements feed.Aside.
func (a *aside) Parked(e *event.Recorded, key []byte) bool {
	k := string(key)
	_, again := a.building.Parked[k]
	before, parked := a.parked[k]
	err, condemned := a.condemned[e.Position]
	switch {
	case condemned && !again:
		p := &checkpoint.Parked{Failure: a.failure(e, err)}
		if parked && before.Position == e.Position {
			p.Attempts += before.Attempts
		}
		put(&a.building.Parked, k, p)
	case !again && (!parked || a.retrying[k]):
		return false
	}
	a.building.Waits = append(a.building.Waits, checkpoint.Waiting{Key: k, Position: e.Position})
	return true
}

func (a *aside) failure(e *event.Recorded, err error) checkpoint.Failure {
	return checkpoint.Failure{
		Position: e.Position,
		Event:    event.AppendJSON(nil, &e.Event),
		Error:    shortened(err.Error()),
		Module:   a.module,
		At:       a.now().UTC(),
		Attempts: 1,
	}
}

// shortened is as much of a text as is kept or shown.
func shortened(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxErrorText)], "\uFFFD")
}

// letter is an effect that an executor has left out.
func (a *aside) letter(l delivery.Letter) *checkpoint.Letter {
	f := l.Effect
	attempts := 1
	if errors.Is(l.Err, delivery.ErrOwed) {
		attempts = 0
	}
	return &checkpoint.Letter{
		Failure: checkpoint.Failure{
			Position: f.Cause,
			Error:    shortened(l.Err.Error()),
			Module:   a.module,
			At:       a.now().UTC(),
			Attempts: attempts,
		},
		Executor: l.Executor,
		Ordinal:  f.Ordinal,
		Effect:   storeEffect(&f),
	}
}

// accept takes over what the batch that has been folded adds.
func (a *aside) accept() {
	for key, p := range a.building.Parked {
		a.noteVerdict(a.condemned[p.Position])
		a.parked[key] = p
		put(&a.change.Parked, key, p)
		delete(a.retrying, key)
	}
	a.change.Waits = append(a.change.Waits, a.building.Waits...)
	for id, letter := range a.building.Letters {
		a.noteVerdict(a.dead[letter.Position])
		put(&a.change.Letters, id, letter)
	}
	a.begin()
}

// noteVerdict notes where an executor has condemned an event: the log does not know.
func (a *aside) noteVerdict(err error) {
	var executors *delivery.Error
	if errors.As(err, &executors) {
		a.change.Departs = fmt.Sprintf("the executor %s can never perform an effect: %s", executors.Executor, shortened(executors.Err.Error()))
	}
}

// take returns what has changed since the last call.
func (a *aside) take() checkpoint.Aside {
	taken := a.change
	a.change = checkpoint.Aside{}
	return taken
}

// forget lets go of what has been condemned up to a position that is stored.
func (a *aside) forget(through event.Position) {
	stored := func(at event.Position, _ error) bool { return at <= through }
	maps.DeleteFunc(a.condemned, stored)
	maps.DeleteFunc(a.dead, stored)
}

func put[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = value
}
