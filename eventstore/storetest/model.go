package storetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
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
}

func newModel(store eventstore.Log) *model {
	m := &model{store: store, facts: newFacts(90), places: make(map[uuid.UUID]event.Position), last: make(map[event.Aggregate]event.Version)}
	for range 4 {
		m.aggs = append(m.aggs, m.facts.aggregate())
	}
	return m
}

// step is one of a model's random steps.
type step struct {
	name string
	run  func(*rapid.T)
}

// steps are those that every store can take.
func (m *model) steps() []step {
	return []step{
		{"append", m.append}, {"repeat", m.repeat}, {"write", m.write}, {"import", m.bulk},
		{"read", m.read}, {"version", m.version}, {"page", m.page}, {"follow", m.follow},
	}
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
	return slices.DeleteFunc(slices.Clone(m.log), func(r event.Recorded) bool { return r.Aggregate != agg })
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
	m.offer(t, agg, expected, m.facts.events(agg, rapid.IntRange(0, 3).Draw(t, "count")))
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
			e = m.facts.event(m.aggregate(t))
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

func (m *model) read(t *rapid.T) {
	agg := m.aggregate(t)
	all := m.of(agg)
	from := rapid.IntRange(0, len(all)+2).Draw(t, "from")
	got, err := m.store.Read(t.Context(), agg, event.Version(from))
	same(t, "read from version", from, all[min(max(from, 1)-1, len(all)):], got, err)
}

// same compares what a call returned with what it should have.
func same(t *rapid.T, what string, from int, want, got []event.Recorded, err error) {
	t.Helper()
	if err != nil || !slices.EqualFunc(want, got, equalRecorded) {
		t.Fatalf("%s %d: %v\n%s", what, from, err, cmp.Diff(want, got))
	}
}

func (m *model) version(t *rapid.T) {
	agg := m.aggregate(t)
	if got, err := m.store.Version(t.Context(), agg); err != nil || got != m.last[agg] {
		t.Fatalf("version is %d, %v, want %d", got, err, m.last[agg])
	}
	if got, err := m.store.Head(t.Context()); err != nil || int(got) != len(m.log) {
		t.Fatalf("head is %d, %v, want %d", got, err, len(m.log))
	}
}

func (m *model) page(t *rapid.T) {
	from := rapid.IntRange(0, len(m.log)+2).Draw(t, "from")
	limit := rapid.IntRange(0, 20).Draw(t, "limit")
	got, err := m.store.ReadAll(t.Context(), event.Position(from), limit)
	want := m.log[min(max(from, 1)-1, len(m.log)):]
	same(t, "page from position", from, want[:min(limit, len(want))], got, err)
}

// follow reads from a random position to the head.
func (m *model) follow(t *rapid.T) {
	after := rapid.IntRange(0, len(m.log)).Draw(t, "after")
	if after == len(m.log) {
		return // it would wait
	}
	var got []event.Recorded
	for batch, err := range m.store.Follow(t.Context(), event.Position(after)) {
		if got = append(got, batch...); err != nil || len(batch) == 0 || int(batch[len(batch)-1].Position) >= len(m.log) {
			same(t, "follow after position", after, m.log[after:], got, err)
			return
		}
	}
	t.Fatalf("follow after %d ended after %d events", after, len(got))
}
