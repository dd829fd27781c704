package aggregate_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
)

type (
	definition = aggregate.Definition[account, aggregate.Command[transfer], aggregate.Fact[any]]
	instance   = aggregate.Instance[account]
)

var exact = cmp.Options{cmp.AllowUnexported(account{}), cmp.Comparer(func(a, b event.Expected) bool { return a == b })}

func accountDefinition(t *testing.T) definition {
	t.Helper()
	def, err := accounts()
	if err != nil {
		t.Fatal(err)
	}
	return def
}

// numbered is a UUID of version 7 that ends in n.
func numbered(n byte) uuid.UUID {
	return uuid.UUID{0x01, 0x90, 6: 0x70, 8: 0x80, 15: n}
}

func header(n byte) aggregate.Header {
	return aggregate.Header{
		EventID:       numbered(n),
		AggregateID:   numbered(100),
		Time:          time.Date(2026, 1, 31, 9, 30, int(n), 0, time.UTC),
		CorrelationID: numbered(200),
	}
}

func order(n byte, cents int64) aggregate.Command[transfer] {
	return aggregate.Command[transfer]{Header: header(n), Body: transfer{cents}}
}

// ledger is a log with one event per amount.
func ledger(t *testing.T, def definition, cents ...int64) []event.Recorded {
	t.Helper()
	in := def.New(numbered(100))
	var log []event.Recorded
	for i, c := range cents {
		commit, err := def.Execute(in, order(byte(i+1), c))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range commit.Events {
			log = append(log, event.Recorded{Event: e, Position: event.Position(10 * (len(log) + 1)), Version: event.Version(len(log) + 1)})
		}
		in = commit.After
	}
	return log
}

func TestExecutePreparesAnAppend(t *testing.T) {
	def := accountDefinition(t)
	commit, err := def.Execute(instance{ID: numbered(100), Version: 7, State: account{100}}, order(1, -60))
	if err != nil {
		t.Fatal(err)
	}
	want := aggregate.Commit[account]{
		Events:   []event.Event{header(1).Event("account", "withdrawn", 1, []byte(`{"cents":60}`))},
		Expected: event.Exactly(7),
		After:    instance{ID: numbered(100), Version: 8, State: account{40}},
	}
	if diff := cmp.Diff(want, commit, exact); diff != "" {
		t.Errorf("commit (-want +got):\n%s", diff)
	}
	if def.New(numbered(100)).Version != 0 {
		t.Error("a new instance has a version other than 0")
	}
}

func TestExecuteReturnsTheDecidersError(t *testing.T) {
	def := accountDefinition(t)
	if _, err := def.Execute(def.New(numbered(100)), order(1, -1)); err != errNoFunds {
		t.Errorf("error = %v, want the decider's own", err)
	}
}

func TestRecordRefusesEvents(t *testing.T) {
	def := accountDefinition(t)
	foreign, nameless := header(1), header(2)
	foreign.AggregateID = numbered(101)
	nameless.EventID = uuid.Nil
	in := def.New(numbered(100))

	var notOwn *aggregate.ForeignEventError
	if _, err := def.Record(in, aggregate.Fact[any]{Header: foreign, Payload: deposited{1}}); !errors.As(err, &notOwn) || notOwn.Got.ID != numbered(101) {
		t.Errorf("event of another account: error %v, want a foreign event", err)
	}
	var field *event.FieldError
	if _, err := def.Record(in, aggregate.Fact[any]{Header: nameless, Payload: deposited{1}}); !errors.As(err, &field) || field.Field != "id" {
		t.Errorf("event without an id: error %v, want one about the id", err)
	}
	var unknown *aggregate.UnknownTypeError
	if _, err := def.Record(in, aggregate.Fact[any]{Header: header(1), Payload: 12}); !errors.As(err, &unknown) || unknown.Type != "int" {
		t.Errorf("payload of another type: error %v, want an unknown type", err)
	}
	commit, err := def.Record(in)
	if err != nil || len(commit.Events) != 0 || commit.After != in {
		t.Errorf("no events: commit %v, error %v, want nothing to append", commit, err)
	}
}

func TestReplayFoldsALog(t *testing.T) {
	def := accountDefinition(t)
	got, err := def.Replay(def.New(numbered(100)), ledger(t, def, 500, -200, 50)...)
	if err != nil {
		t.Fatal(err)
	}
	if want := (instance{ID: numbered(100), Version: 3, State: account{350}}); got != want {
		t.Errorf("instance = %+v, want %+v", got, want)
	}
}

func TestReplayNamesTheEventItStopsAt(t *testing.T) {
	def := accountDefinition(t)
	tests := []struct {
		name  string
		spoil func(*event.Recorded)
		cause func(error) bool
	}{
		{"another account", func(r *event.Recorded) { r.Aggregate.ID = numbered(9) }, is[*aggregate.ForeignEventError]},
		{"another aggregate type", func(r *event.Recorded) { r.Aggregate.Type = "compute" }, is[*aggregate.ForeignEventError]},
		{"gap", func(r *event.Recorded) { r.Version = 3 }, is[*aggregate.VersionGapError]},
		{"repetition", func(r *event.Recorded) { r.Version = 1 }, is[*aggregate.VersionGapError]},
		{"unknown type", func(r *event.Recorded) { r.Type = "robbed" }, is[*aggregate.UnknownTypeError]},
		{"newer schema", func(r *event.Recorded) { r.SchemaVersion = 2 }, is[*aggregate.SchemaVersionError]},
		{"unknown field", func(r *event.Recorded) { r.Data = []byte(`{"cents":1,"bonus":2}`) }, func(err error) bool { return err != nil }},
		{"not JSON", func(r *event.Recorded) { r.Data = []byte(`{`) }, func(err error) bool { return err != nil }},
		{"two values", func(r *event.Recorded) { r.Data = []byte(`{} {}`) }, func(err error) bool { return err != nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			log := ledger(t, def, 500, -200, 50)
			tt.spoil(&log[1])
			got, err := def.Replay(def.New(numbered(100)), log...)
			var stop *aggregate.ReplayError
			if !errors.As(err, &stop) || stop.Position != 20 || stop.EventID != numbered(2) || !tt.cause(stop.Err) {
				t.Fatalf("error = %v, want a stop at position 20 for the cause named", err)
			}
			if want := (instance{ID: numbered(100), Version: 1, State: account{500}}); got != want {
				t.Errorf("instance = %+v, want %+v: as before the event", got, want)
			}
		})
	}
}

func is[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

func TestSnapshotAndTailEqualTheWholeHistory(t *testing.T) {
	def := accountDefinition(t)
	rapid.Check(t, func(rt *rapid.T) {
		cents := rapid.SliceOfN(rapid.Int64Range(0, 1000), 0, 20).Draw(rt, "cents")
		log := ledger(t, def, cents...)
		cut := rapid.IntRange(0, len(log)).Draw(rt, "cut")
		whole, err := def.Replay(def.New(numbered(100)), log...)
		if err != nil {
			rt.Fatal(err)
		}
		snapshot, err := def.Replay(def.New(numbered(100)), log[:cut]...)
		if err != nil {
			rt.Fatal(err)
		}
		resumed, err := def.Replay(snapshot, log[cut:]...)
		if err != nil || resumed != whole {
			rt.Fatalf("resumed = %+v, %v, want %+v", resumed, err, whole)
		}
		var sum int64
		for _, c := range cents {
			sum += c
		}
		if whole.State.cents != sum || int(whole.Version) != len(cents) {
			rt.Fatalf("instance = %+v, want %d cents at version %d", whole, sum, len(cents))
		}
	})
}
