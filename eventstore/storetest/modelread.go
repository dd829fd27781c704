package storetest

import (
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

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

// query reads a correlation and a range of time.
func (m *model) query(t *rapid.T) {
	store := m.store.(eventstore.Store)
	m.correlation(t, store, pick(t, m.correlations, "correlation"))
	if len(m.log) == 0 {
		return
	}
	agg := pick(t, append(m.aggs, event.Aggregate{}), "aggregate")
	from, to := pick(t, m.log, "from").Time, pick(t, m.log, "to").Time
	got, err := store.ReadTimeRange(t.Context(), agg, from, to)
	same(t, "time range", 0, m.where(func(r event.Recorded) bool {
		return (agg == event.Aggregate{} || r.Aggregate == agg) && !r.Time.Before(from) && !r.Time.After(to)
	}), got, err)
}

func (m *model) correlation(t *rapid.T, store eventstore.Store, id uuid.UUID) {
	got, err := store.ReadCorrelation(t.Context(), id)
	want := m.where(func(r event.Recorded) bool { return r.CorrelationID == id })
	slices.SortStableFunc(want, func(a, b event.Recorded) int { return a.Time.Compare(b.Time) })
	same(t, "correlation, from", 1, want, got, err)
}

// follow reads from a random position to the head. Where that is not what it should be,
// it would wait for ever.
func (m *model) follow(t *rapid.T) {
	after := rapid.IntRange(0, len(m.log)).Draw(t, "after")
	if after == len(m.log) {
		return
	}
	if head, err := m.store.Head(t.Context()); err != nil || int(head) != len(m.log) {
		t.Fatalf("head before following: %d, %v, want %d", head, err, len(m.log))
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
