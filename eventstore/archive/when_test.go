package archive_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/memory"
)

// The last event that had happened at a time is found in whatever segment it is, or in
// what the archive has not yet, and however the times are mixed up.
func TestTheLastEventAtATime(t *testing.T) {
	log := memory.New()
	s := inFront(t, log)
	base := time.Unix(1_700_000_000, 0).UTC()
	var times []time.Time
	agg := event.Aggregate{Type: "thing", ID: uuid.MustParse("00000001-0000-7000-8000-000000000001")}
	for i := range 300 {
		at := base.Add(time.Duration((i*7919)%300) * time.Second)
		times = append(times, at)
		e := event.Event{ID: uuid.New(), Aggregate: agg, Type: "done", SchemaVersion: 1, Time: at, CorrelationID: uuid.New(), Data: []byte(`{}`)}
		if _, err := s.Append(t.Context(), agg, event.Any(), e); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		at := base.Add(time.Duration(rapid.IntRange(-2, 302).Draw(rt, "second"))*time.Second + time.Duration(rapid.IntRange(0, 1).Draw(rt, "nano")))
		want := event.Position(0)
		for i, is := range times {
			if !is.After(at) {
				want = event.Position(i + 1)
			}
		}
		got, err := s.At(t.Context(), at)
		if err != nil || got != want {
			rt.Fatalf("at %s it is position %d, %v, want %d", at, got, err, want)
		}
	})
}
