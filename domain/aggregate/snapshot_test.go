package aggregate_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
)

// centsCodec is the account's, of some revision.
func centsCodec(revision string) aggregate.StateCodec[account] {
	c := accountState()
	c.Revision = revision
	return c
}

// TestSnapshotAndTail is invariants 1 and 5: from a snapshot of any version,
// what comes after it leads to the same instance.
func TestSnapshotAndTail(t *testing.T) {
	def := accountDefinition(t)
	def.StateCodec = centsCodec("1")
	rapid.Check(t, func(rt *rapid.T) {
		log := ledger(t, def, rapid.SliceOfN(rapid.Int64Range(0, 1e6), 1, 20).Draw(rt, "deposits")...)
		cut := rapid.IntRange(1, len(log)).Draw(rt, "cut")
		whole, err := def.Replay(def.New(numbered(100)), log...)
		if err != nil {
			rt.Fatal(err)
		}
		first, err := def.Replay(def.New(numbered(100)), log[:cut]...)
		if err != nil {
			rt.Fatal(err)
		}
		s, err := def.Snapshot(first, &log[cut-1])
		if err != nil {
			rt.Fatal(err)
		}
		restored, err := def.Restore(s)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := def.Replay(restored, log[cut:]...)
		if diff := cmp.Diff(whole, got, exact); diff != "" || err != nil {
			rt.Fatalf("%v (-whole +snapshot and tail):\n%s", err, diff)
		}
	})
}

func TestSnapshotNamesItsLastEvent(t *testing.T) {
	def := accountDefinition(t)
	def.StateCodec = centsCodec("7")
	log := ledger(t, def, 5, 6)
	in, err := def.Replay(def.New(numbered(100)), log...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := def.Snapshot(in, &log[1])
	want := aggregate.Snapshot{
		Aggregate: event.Aggregate{Type: "account", ID: numbered(100)}, Version: 2, Position: 20, EventID: numbered(2), Revision: "7", State: []byte("11"),
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if s, err := def.Snapshot(in, &log[0]); err == nil {
		t.Errorf("a snapshot by an event that is not its last: %+v", s)
	}
}

func TestSnapshotOfALossyCodec(t *testing.T) {
	def := accountDefinition(t)
	def.StateCodec = aggregate.NewStateCodec[account]("1") // its field is not exported
	log := ledger(t, def, 5)
	in, err := def.Replay(def.New(numbered(100)), log...)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := def.Snapshot(in, &log[0]); !errors.Is(err, aggregate.ErrLossyState) {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	def := accountDefinition(t)
	def.StateCodec = centsCodec("2")
	sound := aggregate.Snapshot{Aggregate: event.Aggregate{Type: "account", ID: numbered(100)}, Version: 1, Revision: "2", State: []byte("5")}
	if in, err := def.Restore(sound); err != nil || in.State.cents != 5 || in.Version != 1 || in.ID != numbered(100) {
		t.Fatalf("restored %+v, %v", in, err)
	}
	older := sound
	older.Revision = "1"
	var revision *aggregate.RevisionError
	if _, err := def.Restore(older); !errors.As(err, &revision) || revision.Known != "2" || revision.Found != "1" {
		t.Errorf("another revision: %v", err)
	}
	garbled := sound
	garbled.State = []byte("five")
	if _, err := def.Restore(garbled); !errors.Is(err, strconv.ErrSyntax) {
		t.Errorf("a state that is none: %v", err)
	}
}

func TestStateCodecIsStrict(t *testing.T) {
	type state struct{ Names []string }
	c := aggregate.NewStateCodec[state]("1")
	text, err := c.Encode(state{[]string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := c.Decode(text); err != nil || !slices.Equal(s.Names, []string{"a", "b"}) {
		t.Errorf("%s is decoded as %+v, %v", text, s, err)
	}
	for _, text := range []string{``, `{`, `{"Names":1}`, `{"Names":[],"More":1}`, `{} {}`} {
		if s, err := c.Decode([]byte(text)); err == nil {
			t.Errorf("%s is decoded as %+v", text, s)
		}
	}
}
