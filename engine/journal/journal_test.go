package journal_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/journal"
	"github.com/refold-dev/refold/eventstore/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// life are transitions of one pipeline.
func life(n int) []engine.Transition {
	states := []engine.State{engine.Loading, engine.CatchingUp, engine.Live, engine.Stopped}
	list := make([]engine.Transition, n)
	for i := range list {
		list[i] = engine.Transition{Pipeline: "lines", From: states[(i+3)%4], To: states[i%4], By: "start", At: time.Unix(int64(i), 7).UTC()}
	}
	return list
}

// behind appends to a store.
func behind(s *memory.Store) func(context.Context, event.Event) error {
	return func(ctx context.Context, e event.Event) error {
		_, err := s.Append(ctx, e.Aggregate, event.Any(), e)
		return err
	}
}

// read are the transitions that a store has of a pipeline.
func read(t testing.TB, s *memory.Store, pipeline string) (list []engine.Transition) {
	t.Helper()
	events, err := s.Read(t.Context(), journal.Aggregate(pipeline), 1)
	must(t, err)
	for i := range events {
		tr, err := journal.Parse(&events[i])
		must(t, err)
		list = append(list, tr)
		if events[i].CorrelationID != events[0].CorrelationID {
			t.Error("transitions of one process have two correlations")
		}
	}
	return list
}

func TestWhatIsRecordedIsRead(t *testing.T) {
	s := memory.New()
	defer s.Close()
	j := journal.Open(journal.Options{Append: behind(s), NewID: newID, Logger: slog.New(slog.DiscardHandler)})
	lines, fault := life(50), engine.Transition{Pipeline: "other", From: engine.Live, To: engine.Faulted, By: "fault", At: time.Unix(9, 0).UTC(), Reason: "no more \"disk\"\n"}
	for _, tr := range lines {
		j.Record(tr)
	}
	j.Record(fault)
	must(t, j.Close())
	must(t, j.Close())
	if d := cmp.Diff(lines, read(t, s, "lines")); d != "" {
		t.Errorf("transitions (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]engine.Transition{fault}, read(t, s, "other")); d != "" {
		t.Errorf("transitions (-want +got):\n%s", d)
	}
	j.Record(fault)
	if j.Lost() != 1 {
		t.Errorf("%d lost, want the one that came too late", j.Lost())
	}
}

// A log that fails for a while is tried again; nothing is lost and nothing is
// out of order, and one warning is enough.
func TestALogThatFailsForAWhile(t *testing.T) {
	s := memory.New()
	defer s.Close()
	var mu sync.Mutex
	failures, tries := 3, 0
	var said bytes.Buffer
	j := journal.Open(journal.Options{NewID: newID, Logger: slog.New(slog.NewTextHandler(&said, nil)), Patience: time.Minute,
		Append: func(ctx context.Context, e event.Event) error {
			mu.Lock()
			defer mu.Unlock()
			if tries++; tries <= failures {
				return errors.New("out of reach")
			}
			return behind(s)(ctx, e)
		}})
	for _, tr := range life(5) {
		j.Record(tr)
	}
	must(t, j.Close())
	if d := cmp.Diff(life(5), read(t, s, "lines")); d != "" || j.Lost() != 0 {
		t.Errorf("%d lost, transitions (-want +got):\n%s", j.Lost(), d)
	}
	if n := strings.Count(said.String(), "level=WARN"); n != 1 || !strings.Contains(said.String(), "out of reach") {
		t.Errorf("%d warnings:\n%s", n, &said)
	}
}

// A log that never answers holds up neither who records nor who closes, and what
// it does not get is counted.
func TestALogThatNeverAnswers(t *testing.T) {
	var said bytes.Buffer
	j := journal.Open(journal.Options{NewID: newID, Logger: slog.New(slog.NewTextHandler(&said, nil)), Waiting: 4, Patience: time.Nanosecond,
		Append: func(ctx context.Context, _ event.Event) error {
			<-ctx.Done()
			return ctx.Err()
		}})
	for _, tr := range life(100) {
		j.Record(tr)
	}
	must(t, j.Close())
	if j.Lost() != 100 || !strings.Contains(said.String(), "count=100") {
		t.Errorf("%d lost:\n%s", j.Lost(), &said)
	}
}

func TestParseIsTheInverseOfEvent(t *testing.T) {
	states := engine.NewLifecycle().States()
	rapid.Check(t, func(t *rapid.T) {
		want := engine.Transition{
			Pipeline: rapid.StringMatching(`[a-z_]{1,20}`).Draw(t, "pipeline"),
			From:     rapid.SampledFrom(states).Draw(t, "from"),
			To:       rapid.SampledFrom(states).Draw(t, "to"),
			By:       rapid.SampledFrom(engine.NewLifecycle().Inputs()).Draw(t, "by"),
			At:       time.Unix(rapid.Int64Range(0, 1e10).Draw(t, "at"), 0).UTC(),
			Reason:   rapid.String().Draw(t, "reason"),
		}
		e, err := journal.Event(want, newID(), newID())
		if err != nil {
			t.Fatal(err)
		}
		got, err := journal.Parse(&event.Recorded{Event: e, Position: 1, Version: 1})
		if err != nil || got != want {
			t.Fatalf("%+v, %v, want %+v", got, err, want)
		}
	})
}

// FuzzParse: whatever stands in the stream, Parse takes it only if it is what
// Event writes.
func FuzzParse(f *testing.F) {
	for _, data := range []string{`{"pipeline":"a","from":"live","to":"paused","by":"pause"}`, `{}`, `[]`, `{"pipeline":3}`, ``} {
		f.Add([]byte(data), "paused", uint32(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, typ string, schema uint32) {
		e := event.Event{Aggregate: journal.Aggregate("a"), Type: typ, SchemaVersion: schema, Data: slices.Clone(data)}
		tr, err := journal.Parse(&event.Recorded{Event: e, Position: 7})
		if err != nil {
			if !strings.Contains(err.Error(), "at position 7") {
				t.Errorf("the error does not say where: %v", err)
			}
			return
		}
		if tr.Pipeline != "a" || string(tr.To) != typ || schema != 1 || tr.From == "" {
			t.Errorf("%+v of %s", tr, data)
		}
	})
}
