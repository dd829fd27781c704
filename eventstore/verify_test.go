package eventstore_test

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// fixedLog is a log as a test writes it, in batches of three.
type fixedLog struct {
	events []event.Recorded
	err    error // at the end
}

func (l fixedLog) Head(context.Context) (event.Position, error) {
	return event.Position(len(l.events)), nil
}

func (l fixedLog) Follow(ctx context.Context, _ event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		for rest := l.events; len(rest) > 0 && ctx.Err() == nil; {
			n := min(3, len(rest))
			if !yield(rest[:n], nil) {
				return
			}
			rest = rest[n:]
		}
		if l.err != nil {
			yield(nil, l.err)
		}
	}
}

// sound makes count events of two aggregates in turn.
func sound(count int) []event.Recorded {
	events := make([]event.Recorded, count)
	for i := range events {
		var id, agg uuid.UUID
		binary.BigEndian.PutUint64(id[8:], uint64(i+1))
		agg[0] = byte(1 + i%2)
		events[i] = event.Recorded{
			Event:    event.Event{ID: id, Aggregate: event.Aggregate{Type: "a", ID: agg}},
			Position: event.Position(i + 1), Version: event.Version(i/2 + 1),
		}
	}
	return events
}

func TestVerify(t *testing.T) {
	cases := map[string]struct {
		spoil   func(l *fixedLog)
		want    error
		through event.Position
	}{
		"sound":              {func(*fixedLog) {}, nil, 10},
		"empty":              {func(l *fixedLog) { l.events = nil }, nil, 0},
		"a hole":             {func(l *fixedLog) { l.events[6].Position++ }, &eventstore.GapError{Expected: 7, Actual: 8}, 6},
		"a repeat":           {func(l *fixedLog) { l.events[6].Position-- }, &eventstore.GapError{Expected: 7, Actual: 6}, 6},
		"a version too high": {func(l *fixedLog) { l.events[4].Version = 4 }, &eventstore.VersionGapError{Aggregate: sound(5)[4].Aggregate, Position: 5, Expected: 3, Actual: 4}, 4},
		"an id twice":        {func(l *fixedLog) { l.events[8].ID = l.events[1].ID }, &eventstore.DuplicateIDError{ID: sound(2)[1].ID, Position: 2}, 8},
		"the first of two":   {func(l *fixedLog) { l.events[8].ID = l.events[1].ID; l.events[9].Version = 9 }, &eventstore.DuplicateIDError{ID: sound(2)[1].ID, Position: 2}, 8},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			log := fixedLog{events: sound(10)}
			c.spoil(&log)
			report, err := eventstore.Verify(t.Context(), log)
			if report.Through != c.through || report.Events != uint64(c.through) {
				t.Errorf("report is %+v, want %d events", report, c.through)
			}
			if diff := cmp.Diff(c.want, fault(err)); diff != "" {
				t.Errorf("error %v\n%s", err, diff)
			}
		})
	}
}

// fault takes the typed error out of err.
func fault(err error) error {
	var gap *eventstore.GapError
	var version *eventstore.VersionGapError
	var id *eventstore.DuplicateIDError
	switch {
	case errors.As(err, &gap):
		return gap
	case errors.As(err, &version):
		return version
	case errors.As(err, &id):
		return id
	}
	return err
}

// TestVerifyUnreadable meets a message that is no event before the head.
func TestVerifyUnreadable(t *testing.T) {
	log := brokenLog{fixedLog{events: sound(6), err: &eventstore.UnreadableError{Position: 7, Reason: "test"}}}
	report, err := eventstore.Verify(t.Context(), log)
	var bad *eventstore.UnreadableError
	if !errors.As(err, &bad) || bad.Position != 7 || report.Through != 6 {
		t.Fatalf("report %+v, %v", report, err)
	}
}

// brokenLog has a head beyond what can be read.
type brokenLog struct{ fixedLog }

func (brokenLog) Head(context.Context) (event.Position, error) { return 10, nil }

func TestVerifyEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := eventstore.Verify(ctx, fixedLog{events: sound(10)}); !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled walk: %v", err)
	}
}

func TestVerifyManyIDs(t *testing.T) {
	log := fixedLog{events: sound(50_000)}
	report, err := eventstore.Verify(t.Context(), log)
	if want := (eventstore.Report{Through: 50_000, Events: 50_000, Aggregates: 2}); err != nil || report != want {
		t.Fatalf("report %+v, %v", report, err)
	}
	log.events[49_999].ID = log.events[7].ID
	var taken *eventstore.DuplicateIDError
	if _, err := eventstore.Verify(t.Context(), log); !errors.As(err, &taken) || taken.Position != 8 {
		t.Fatalf("an id at positions 8 and 50000: %v", err)
	}
}
