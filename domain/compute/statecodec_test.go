package compute_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
)

// TestStateCodecLaw: a state that has been encoded and decoded is the same, and
// every further event leads both to the same.
func TestStateCodecLaw(t *testing.T) {
	def := compute.Definition()
	rapid.Check(t, func(t *rapid.T) {
		log := recorded(t, drawEvents(t, "events"))
		if len(log) == 0 {
			return
		}
		cut := rapid.IntRange(1, len(log)).Draw(t, "cut")
		in, err := def.Replay(def.New(resourceID), log[:cut]...)
		if err != nil {
			t.Fatal(err)
		}
		s, err := def.Snapshot(in, &log[cut-1]) // which compares the states deeply
		if err != nil {
			t.Fatal(err)
		}
		restored, err := def.Restore(s)
		if err != nil {
			t.Fatal(err)
		}
		for i := range log[cut:] {
			next := log[cut+i : cut+i+1]
			in, restored = replay(t, def, in, next), replay(t, def, restored, next)
			mustEqual(t, "instance", in, restored)
		}
	})
}

type definition = aggregate.Definition[compute.State, compute.Command, compute.Event]

func replay(t *rapid.T, def definition, in aggregate.Instance[compute.State], next []event.Recorded) aggregate.Instance[compute.State] {
	in, err := def.Replay(in, next...)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// recorded is what a log makes of events.
func recorded(t *rapid.T, events []compute.Event) []event.Recorded {
	log := make([]event.Recorded, len(events))
	for i, e := range events {
		logged, err := compute.ToEvent(e)
		if err != nil {
			t.Fatal(err)
		}
		log[i] = event.Recorded{Event: logged, Position: event.Position(i + 1), Version: event.Version(i + 1)}
	}
	return log
}

// TestRevisionStandsForTheStates fails when the golden events come to have
// other states, or other bytes, under the same revision: snapshots from before
// would be taken for what they are not. So change stateRevision, then -update.
func TestRevisionStandsForTheStates(t *testing.T) {
	const path = "testdata/state_revision.txt"
	codec := compute.Definition().StateCodec
	hash := sha256.New()
	for i := range goldenEvents(t) {
		text, err := codec.Encode(compute.Fold(resourceID, goldenEvents(t)[:i+1]...))
		if err != nil {
			t.Fatal(err)
		}
		hash.Write(text)
	}
	got := fmt.Sprintf("%s %x\n", codec.Revision, hash.Sum(nil))
	kept, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	if revision, _, _ := strings.Cut(string(kept), " "); revision == codec.Revision && string(kept) != got {
		t.Fatalf("states have changed under revision %s: change stateRevision", revision)
	}
	checkGolden(t, "state_revision.txt", []byte(got))
}
