package wasm

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/frame"
)

// zoneNames are time zones whose clocks have been changed often.
//
//go:embed testdata/zones/zones.txt
var zoneNames string

const realEvents = 10_000

// TestSnapshotAtEveryBoundary folds ten thousand real events, each a time at which
// the clocks of a zone were changed, with a snapshot and a restore behind every
// batch, into an instance that is in another state or is fresh. Every result and
// every answer is, to the byte, what an instance gives that nobody interrupts. The
// guest in C has every event in a batch of its own; that in Go the first thousand,
// and the rest by the hundred.
func TestSnapshotAtEveryBoundary(t *testing.T) {
	if testing.Short() {
		t.Skip("the other tests of snapshots are shorter")
	}
	log := clockChanges(t)
	answers := map[string]string{}
	for _, guest := range []struct {
		name, path   string
		one, batches int
	}{
		{"c", cGuestNamed(t, "zones"), realEvents, realEvents},
		{"go", conformance.BuildGo(t, "testdata/zones"), 1000, 1000 + (realEvents-1000)/100},
	} {
		t.Run(guest.name, func(t *testing.T) {
			m := load(t, newHost(t, nil), guest.path, Limits{})
			r := relay{module: m, straight: instantiate(t, m), now: instantiate(t, m), next: instantiate(t, m)}
			for at := 0; at < len(log); {
				end := at + 1
				if at >= guest.one {
					end = min(at+100, len(log))
				}
				r.fold(t, frameOf(t, log[at:end]), at, end == len(log))
				at = end
			}
			if r.batches != guest.batches || r.effects < 9000 {
				t.Errorf("%d batches, %d effects: the test tests little", r.batches, r.effects)
			}
			answers[guest.name] = r.answer
		})
	}
	if answers["c"] != answers["go"] || len(answers["c"]) < 5000 {
		t.Errorf("the guests' answers differ, or are short:\n%s\n%s", answers["c"], answers["go"])
	}
}

// relay is an instance that folds by itself, and one at a time of two that pass a
// snapshot on.
type relay struct {
	module              *Module
	straight, now, next *Instance
	batches, effects    int
	answer              string
}

func (r *relay) fold(t *testing.T, text []byte, at int, last bool) {
	t.Helper()
	want, err := r.straight.Fold(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.now.Fold(t.Context(), text)
	if err != nil || !bytes.Equal(want, got) {
		t.Fatalf("event %d: the results differ: %v", at, err)
	}
	batch, err := frame.OpenBatch(text)
	if err != nil {
		t.Fatal(err)
	}
	result, err := frame.OpenResult(got, batch)
	if err != nil {
		t.Fatal(err)
	}
	r.effects += result.EffectCount()
	r.pass(t)
	if r.batches++; r.batches%50 == 0 || last {
		r.answer = query(t, r.straight, "")
		if got := query(t, r.now, ""); got != r.answer {
			t.Fatalf("event %d: the answers differ:\n%s\n%s", at, r.answer, got)
		}
	}
}

// pass restores a snapshot of the instance in the other, or in a fresh one, which
// goes on.
func (r *relay) pass(t *testing.T) {
	t.Helper()
	taken, err := r.now.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.batches%100 == 99 {
		if err := r.next.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.next = instantiate(t, r.module)
	}
	if err := r.next.Restore(t.Context(), taken); err != nil {
		t.Fatal(err)
	}
	r.now, r.next = r.next, r.now
}

// clockChange is an event of a zone: from then on its clocks stood so.
type clockChange struct {
	zone, abbreviation string
	at                 time.Time
	offset             int // seconds east of Greenwich
	position, version  uint64
}

// clockChanges are the first ten thousand of the changes that the time zone
// database, which Go brings with it, has of some zones, in their order. The
// database is in the public domain.
func clockChanges(t *testing.T) (log []clockChange) {
	t.Helper()
	for name := range strings.FieldsSeq(zoneNames) {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		_, at := time.Date(1800, 1, 1, 0, 0, 0, 0, zone).ZoneBounds()
		for !at.IsZero() && at.Year() < 2025 { // later ones are forecasts
			abbreviation, offset := at.Zone()
			log = append(log, clockChange{zone: name, abbreviation: abbreviation, at: at, offset: offset})
			_, at = at.ZoneBounds()
		}
	}
	if len(log) < realEvents {
		t.Fatalf("the time zone database has %d changes of these zones, want %d", len(log), realEvents)
	}
	versions := map[string]uint64{}
	slices.SortFunc(log, func(a, b clockChange) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.zone, b.zone)) })
	for i := range log {
		versions[log[i].zone]++
		log[i].position, log[i].version = uint64(i+1), versions[log[i].zone]
	}
	return log[:realEvents]
}

// frameOf is a batch of events as the engine makes it.
func frameOf(t *testing.T, log []clockChange) []byte {
	t.Helper()
	var w frame.BatchWriter
	w.Reset([]string{"clock_changed"}, 3)
	w.BeginUnkeyed()
	for _, c := range log {
		zone := uuid.NewSHA1(uuid.NameSpaceURL, []byte(c.zone))
		id := uuid.NewSHA1(zone, fmt.Append(nil, c.at.Unix()))
		w.AddEvent(&frame.Event{Position: c.position, Version: c.version, Time: c.at.UnixNano(), ID: id, AggregateID: zone, CorrelationID: id,
			Type: "clock_changed", AggregateType: "zone", SchemaVersion: 1,
			Data: fmt.Appendf(nil, `{"zone":%q,"offset":%d,"abbreviation":%q}`, c.zone, c.offset, c.abbreviation),
			Slots: []frame.Slot{frame.BytesSlot(frame.String, []byte(c.zone)), frame.IntSlot(int64(c.offset)),
				frame.BytesSlot(frame.String, []byte(c.abbreviation))}})
	}
	text, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
