package storetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// model is an event store as simple as can be: a slice.
type model struct {
	store eventstore.Log
	facts *facts
	aggs  []event.Aggregate
	log   []event.Recorded
}

// runModel makes random calls to one store and to a slice, which must agree.
func runModel(t *testing.T, open func(t *testing.T) eventstore.Log) {
	m := &model{store: open(t), facts: newFacts(90)}
	t.Cleanup(func() { Verify(t, m.store) })
	for range 4 {
		m.aggs = append(m.aggs, m.facts.aggregate())
	}
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(1, 4).Draw(t, "steps") {
			rapid.SampledFrom([]func(*rapid.T){m.append, m.append, m.repeat, m.read, m.page, m.bulk}).Draw(t, "step")(t)
		}
	})
}

func (m *model) aggregate(t *rapid.T) event.Aggregate {
	return rapid.SampledFrom(m.aggs).Draw(t, "aggregate")
}

func (m *model) of(agg event.Aggregate) []event.Recorded {
	return slices.DeleteFunc(slices.Clone(m.log), func(r event.Recorded) bool { return r.Aggregate != agg })
}

func (m *model) record(e event.Event) {
	version := event.Version(len(m.of(e.Aggregate)) + 1)
	m.log = append(m.log, event.Recorded{Event: e, Position: event.Position(len(m.log) + 1), Version: version})
}

func (m *model) append(t *rapid.T) {
	agg := m.aggregate(t)
	actual := event.Version(len(m.of(agg)))
	expected := rapid.SampledFrom([]event.Expected{
		event.Any(), event.None(), event.Exactly(actual), event.Exactly(actual + 1), event.Exactly(actual / 2),
	}).Draw(t, "expected")
	events := m.facts.events(agg, rapid.IntRange(1, 3).Draw(t, "count"))
	at, err := m.store.Append(t.Context(), agg, expected, events...)
	if !expected.Allows(actual) {
		var conflict *eventstore.ConflictError
		if !errors.As(err, &conflict) || conflict.Actual != actual {
			t.Fatalf("append at version %d expecting %s: %+v, %v", actual, expected, at, err)
		}
		return
	}
	for _, e := range events {
		m.record(e)
	}
	last := m.log[len(m.log)-1]
	if err != nil || at != (eventstore.Appended{Version: last.Version, Position: last.Position}) {
		t.Fatalf("append at version %d expecting %s: %+v, %v", actual, expected, at, err)
	}
}

func (m *model) repeat(t *rapid.T) {
	if len(m.log) == 0 {
		return
	}
	r := rapid.SampledFrom(m.log).Draw(t, "old")
	at, err := m.store.Append(t.Context(), r.Aggregate, event.Exactly(r.Version-1), r.Event)
	if err != nil || at != (eventstore.Appended{Version: r.Version, Position: r.Position, Duplicate: true}) {
		t.Fatalf("repeating position %d: %+v, %v", r.Position, at, err)
	}
}

func (m *model) read(t *rapid.T) {
	agg := m.aggregate(t)
	all := m.of(agg)
	from := rapid.IntRange(1, len(all)+2).Draw(t, "from")
	got, err := m.store.Read(t.Context(), agg, event.Version(from))
	want := all[min(from-1, len(all)):]
	if diff := cmp.Diff(want, got); err != nil || len(want)+len(got) > 0 && diff != "" {
		t.Fatalf("read from %d: %v\n%s", from, err, diff)
	}
}

func (m *model) page(t *rapid.T) {
	from := rapid.IntRange(1, len(m.log)+2).Draw(t, "from")
	limit := rapid.IntRange(0, 20).Draw(t, "limit")
	got, err := m.store.ReadAll(t.Context(), event.Position(from), limit)
	want := m.log[min(from-1, len(m.log)):]
	want = want[:min(limit, len(want))]
	if diff := cmp.Diff(want, got); err != nil || len(want)+len(got) > 0 && diff != "" {
		t.Fatalf("page of %d from %d: %v\n%s", limit, from, err, diff)
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
			e = rapid.SampledFrom(m.log).Draw(t, "old").Event
		}
		if added, err := b.Add(t.Context(), e); err != nil || added != isNew {
			t.Fatalf("add: %v, %v, want %v", added, err, isNew)
		}
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}
