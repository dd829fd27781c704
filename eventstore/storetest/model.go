package storetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// model is an event store as simple as can be: a slice. Its steps make random
// calls to a store and to the slice, which must agree.
type model struct {
	store   eventstore.Log
	facts   *facts
	aggs    []event.Aggregate
	log     []event.Recorded
	places  map[uuid.UUID]event.Position
	last    map[event.Aggregate]event.Version
	appends [][]event.Event // as they were stored

	correlations []uuid.UUID
}

func newModel(store eventstore.Log) *model {
	m := &model{store: store, facts: newFacts(90), places: make(map[uuid.UUID]event.Position), last: make(map[event.Aggregate]event.Version)}
	for range 4 {
		m.aggs = append(m.aggs, m.facts.aggregate())
		m.correlations = append(m.correlations, m.facts.id())
	}
	return m
}

// events makes new events, which share correlations.
func (m *model) events(agg event.Aggregate, count int) []event.Event {
	events := m.facts.events(agg, count)
	for i := range events {
		events[i].CorrelationID = m.correlations[int(m.facts.n.Load()+uint64(i))%len(m.correlations)]
	}
	return events
}

// step is one of a model's random steps.
type step struct {
	name string
	run  func(*rapid.T)
}

// steps are those that the store can take.
func (m *model) steps() []step {
	steps := []step{
		{"append", m.append}, {"repeat", m.repeat}, {"write", m.write}, {"import", m.bulk},
		{"read", m.read}, {"version", m.version}, {"page", m.page}, {"follow", m.follow},
	}
	if _, ok := m.store.(eventstore.Store); ok {
		steps = append(steps, step{"query", m.query})
	}
	return steps
}

// take draws a step and takes it.
func take(t *rapid.T, steps []step) {
	names := make([]string, len(steps))
	for i := range steps {
		names[i] = steps[i].name
	}
	name := rapid.SampledFrom(names).Draw(t, "step")
	steps[slices.Index(names, name)].run(t)
}

// pick draws one of several things. What a failure prints is its index.
func pick[T any](t *rapid.T, from []T, label string) T {
	return from[rapid.IntRange(0, len(from)-1).Draw(t, label)]
}

// runModel takes random steps on one store.
func runModel(t *testing.T, open func(t *testing.T) eventstore.Log) {
	m := newModel(open(t))
	t.Cleanup(func() { Verify(t, m.store) })
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(1, 4).Draw(t, "steps") {
			take(t, m.steps())
		}
	})
}

func (m *model) aggregate(t *rapid.T) event.Aggregate {
	return pick(t, m.aggs, "aggregate")
}

func (m *model) of(agg event.Aggregate) []event.Recorded {
	return m.where(func(r event.Recorded) bool { return r.Aggregate == agg })
}

func (m *model) where(want func(event.Recorded) bool) (out []event.Recorded) {
	for _, r := range m.log {
		if want(r) {
			out = append(out, r)
		}
	}
	return out
}

func (m *model) record(e event.Event) event.Recorded {
	r := event.Recorded{Event: e, Position: event.Position(len(m.log) + 1), Version: m.last[e.Aggregate] + 1}
	m.log = append(m.log, r)
	m.places[e.ID] = r.Position
	m.last[e.Aggregate] = r.Version
	return r
}

// stored returns where the last one of events that are stored stands, as a
// repetition is told.
func (m *model) stored(events []event.Event) eventstore.Appended {
	last := m.log[m.places[events[len(events)-1].ID]-1]
	return eventstore.Appended{Version: last.Version, Position: last.Position, Duplicate: true}
}

func (m *model) append(t *rapid.T) {
	agg := m.aggregate(t)
	actual := m.last[agg]
	expected := pick(t, []event.Expected{
		event.Any(), event.None(), event.Exactly(actual), event.Exactly(actual + 1), event.Exactly(actual / 2),
	}, "expected")
	m.offer(t, agg, expected, m.events(agg, rapid.IntRange(0, 3).Draw(t, "count")))
}

// offer appends events of which none is stored.
func (m *model) offer(t *rapid.T, agg event.Aggregate, expected event.Expected, events []event.Event) {
	actual := m.last[agg]
	at, err := m.store.Append(t.Context(), agg, expected, events...)
	if len(events) > 0 && !expected.Allows(actual) {
		var conflict *eventstore.ConflictError
		if want := (eventstore.ConflictError{Aggregate: agg, Expected: expected, Actual: actual}); !errors.As(err, &conflict) || *conflict != want {
			t.Fatalf("append at version %d expecting %s: %+v, %v", actual, expected, at, err)
		}
		return
	}
	var want eventstore.Appended
	for i := len(m.log) - 1; i >= 0 && len(events) == 0 && want.Version == 0; i-- {
		if m.log[i].Aggregate == agg {
			want = eventstore.Appended{Version: actual, Position: m.log[i].Position}
		}
	}
	for _, e := range events {
		r := m.record(e)
		want = eventstore.Appended{Version: r.Version, Position: r.Position}
	}
	if err != nil || at != want {
		t.Fatalf("append of %d events at version %d expecting %s: %+v, %v, want %+v", len(events), actual, expected, at, err, want)
	}
	if len(events) > 0 {
		m.appends = append(m.appends, events)
	}
}

// repeat makes an append again, or appends one event of any again.
func (m *model) repeat(t *rapid.T) {
	if len(m.log) == 0 {
		return
	}
	events := []event.Event{pick(t, m.log, "old").Event}
	if len(m.appends) > 0 && rapid.Bool().Draw(t, "whole") {
		events = pick(t, m.appends, "old append")
	}
	m.again(t, m.expectations(t, events), events)
}

// expectations draws what the append of stored events may have expected.
func (m *model) expectations(t *rapid.T, events []event.Event) event.Expected {
	before := m.log[m.places[events[0].ID]-1].Version - 1
	return pick(t, []event.Expected{event.Exactly(before), event.Any()}, "expected")
}

// again appends events that are stored.
func (m *model) again(t *rapid.T, expected event.Expected, events []event.Event) {
	at, err := m.store.Append(t.Context(), events[0].Aggregate, expected, events...)
	if want := m.stored(events); err != nil || at != want {
		t.Fatalf("repeating %d events expecting %s: %+v, %v, want %+v", len(events), expected, at, err, want)
	}
}

// bulk imports some new events and some old ones.
func (m *model) bulk(t *rapid.T) {
	b, err := m.store.Bulk(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }() // returns nil; what matters is flushed
	for range rapid.IntRange(0, 5).Draw(t, "events") {
		isNew := len(m.log) == 0 || rapid.Bool().Draw(t, "new")
		var e event.Event
		if isNew {
			e = m.events(m.aggregate(t), 1)[0]
			m.record(e)
		} else {
			e = pick(t, m.log, "old").Event
		}
		if added, err := b.Add(t.Context(), e); err != nil || added != isNew {
			t.Fatalf("add: %v, %v, want %v", added, err, isNew)
		}
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}
