package archive

import (
	"context"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

// filled is an archive of a log.
func filled(t testing.TB, log sliceLog) *Archive {
	t.Helper()
	a := mustOpen(t, vfs.NewMem(), tiny)
	fill(t, a, log)
	t.Cleanup(func() { mustClose(t, a) })
	return a
}

func wantDiverged(t fataler, err error, at, archived, logged int) {
	t.Helper()
	var diverged *DivergedError
	if !errors.As(err, &diverged) || int(diverged.Position) != at || int(diverged.Archive) != archived || int(diverged.Log) != logged {
		t.Fatalf("error is %v, want a divergence at position %d of %d archived and %d logged", err, at, archived, logged)
	}
}

// TestCompareFindsWhereALogWentAnotherWay replaces all events from some
// position on, and makes the log longer or shorter.
func TestCompareFindsWhereALogWentAnotherWay(t *testing.T) {
	log := makeLog(80)
	a := filled(t, log[:60])
	rapid.Check(t, func(t *rapid.T) {
		other := slices.Clone(log[:rapid.IntRange(0, 80).Draw(t, "length")])
		from := rapid.IntRange(1, 81).Draw(t, "from")
		for i := from - 1; i < len(other); i++ {
			other[i].ID = testID("other", i)
		}
		err := a.Compare(t.Context(), other)
		switch {
		case from <= min(len(other), 60):
			wantDiverged(t, err, from, 60, len(other))
		case len(other) < 60:
			wantDiverged(t, err, len(other)+1, 60, len(other))
		case err != nil:
			t.Fatalf("a log that goes on is another one: %v", err)
		}
	})
}

func TestCompareSeesEachField(t *testing.T) {
	log := makeLog(10)
	a := filled(t, log)
	for name, change := range map[string]func(*event.Recorded){
		"id":             func(r *event.Recorded) { r.ID[3]++ },
		"version":        func(r *event.Recorded) { r.Version++ },
		"aggregate":      func(r *event.Recorded) { r.Aggregate.Type += "x" },
		"type":           func(r *event.Recorded) { r.Type += "x" },
		"schema version": func(r *event.Recorded) { r.SchemaVersion++ },
		"time":           func(r *event.Recorded) { r.Time = r.Time.Add(1) },
		"correlation id": func(r *event.Recorded) { r.CorrelationID[3]++ },
		"causation id":   func(r *event.Recorded) { r.CausationID.Valid = !r.CausationID.Valid },
		"data":           func(r *event.Recorded) { r.Data = []byte(`{}`) },
		"metadata":       func(r *event.Recorded) { r.Metadata = []byte(`{"other":1}`) },
	} {
		t.Run(name, func(t *testing.T) {
			other := slices.Clone(log)
			change(&other[9])
			wantDiverged(t, a.Compare(t.Context(), other), 10, 10, 10)
			wantDiverged(t, a.Follow(t.Context(), other), 10, 10, 10)
		})
	}
}

func TestMissingIsWhatAShorterLogLost(t *testing.T) {
	log := makeLog(60)
	a := filled(t, log)
	wantDiverged(t, a.Compare(t.Context(), log[:23]), 24, 60, 23)
	restored := slices.Clone(log[:23])
	for batch, err := range a.Missing(24) {
		if err != nil {
			t.Fatal(err)
		}
		restored = append(restored, batch...)
	}
	if d := diff(log, restored); d != "" {
		t.Fatalf("restored log differs:\n%s", d)
	}
}

func TestAppendRefuses(t *testing.T) {
	log := makeLog(10)
	a := filled(t, log[:5])
	for name, events := range map[string]sliceLog{"a hole": log[6:], "a repetition": log[4:], "a hole within": {log[5], log[7]}} {
		var gap *eventstore.GapError
		if err := a.Append(events); !errors.As(err, &gap) {
			t.Errorf("%s: error is %v, want a GapError", name, err)
		}
	}
	again := log[5]
	again.Position, again.Version = 7, 3
	var gap *eventstore.VersionGapError
	err := a.Append(sliceLog{log[5], again})
	want := eventstore.VersionGapError{Aggregate: again.Aggregate, Position: 7, Expected: 2, Actual: 3}
	if !errors.As(err, &gap) || *gap != want {
		t.Errorf("a hole in the versions: %v", err)
	}
	agree(t, a, log[:5])
	fill(t, a, log)
	agree(t, a, log)
}

// TestCompareAllSeesAChangeInTheMidst: Compare looks at the end only.
func TestCompareAllSeesAChangeInTheMidst(t *testing.T) {
	log := makeLog(2*missingBatch + 60)
	a := filled(t, log)
	if err := a.CompareAll(t.Context(), log); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{1, missingBatch, missingBatch + 1, len(log) - 1} {
		other := slices.Clone(log)
		other[at-1].ID = testID("other", at)
		if err := a.Compare(t.Context(), other); err != nil {
			t.Fatalf("the ends are equal, but Compare says %v", err)
		}
		wantDiverged(t, a.CompareAll(t.Context(), other), at, len(log), len(log))
	}
	wantDiverged(t, a.CompareAll(t.Context(), log[:100]), 101, len(log), 100)
}

// counting is a log with a hole that knows of it.
type counting struct{ holed }

func (c counting) Missing(context.Context) (event.Position, error) { return c.lost, nil }

// TestCompareAsksForHoles: one that the archive has is named, one behind it is
// for the reader to meet.
func TestCompareAsksForHoles(t *testing.T) {
	log := makeLog(60)
	a := filled(t, log[:50])
	var diverged *DivergedError
	err := a.Compare(t.Context(), counting{holed{log, 20}})
	if want := (DivergedError{Position: 20, Archive: 50, Log: 60, Reason: noEvent}); !errors.As(err, &diverged) || *diverged != want {
		t.Errorf("a hole at 20: %v", err)
	}
	for _, lost := range []event.Position{0, 51} {
		if err := a.Compare(t.Context(), counting{holed{log, lost}}); err != nil {
			t.Errorf("a hole at %d: %v", lost, err)
		}
	}
}
