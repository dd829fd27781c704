package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
)

// id is the n-th UUID of a space.
func id(space, n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("%08x-0000-7000-8000-%012x", space+1, n+1))
}

// newEvent is the n-th event of a log, of one of five aggregates.
func newEvent(n int, typ, data string) event.Event {
	return event.Event{
		ID:            id(1, n),
		Aggregate:     event.Aggregate{Type: "repository", ID: id(2, n%5)},
		Type:          typ,
		SchemaVersion: 1,
		Time:          time.Unix(1_700_000_000+int64(n), 0).UTC(),
		CorrelationID: id(3, n/10),
		Data:          json.RawMessage(data),
	}
}

// history is a log of n events such as those of the git-history example, with
// some that nobody asks for. Equal n give equal beginnings.
func history(n int) []event.Event {
	random := rand.New(rand.NewPCG(1, 2))
	list := make([]event.Event, n)
	for i := range list {
		switch random.IntN(8) {
		case 0:
			list[i] = newEvent(i, "commit_recorded", fmt.Sprintf(`{"author":"author %d"}`, random.IntN(7)))
		case 1:
			list[i] = newEvent(i, "tag_created", `{"name":"v1"}`)
		case 2:
			list[i] = newEvent(i, "file_added", `{"additions":5}`) // without a dir: of no key
		default:
			typ := []string{"file_added", "file_modified", "file_deleted"}[random.IntN(3)]
			list[i] = newEvent(i, typ, fmt.Sprintf(`{"dir":"dir/%d","additions":%d,"deletions":%d}`, random.IntN(20), random.IntN(100), random.IntN(100)))
		}
	}
	return list
}

// line is a row of lines_by_dir and the state of its key.
type line struct {
	Additions int64 `json:"additions"`
	Deletions int64 `json:"deletions"`
	Changes   int64 `json:"changes"`
}

// wantLines and wantCommits are what the projections shall make of a log.
func wantLines(events []event.Event) map[string]line {
	want := map[string]line{}
	for _, e := range events {
		var data struct {
			Dir                  string
			Additions, Deletions int64
		}
		if json.Unmarshal(e.Data, &data) != nil || data.Dir == "" {
			continue
		}
		l := want[data.Dir]
		want[data.Dir] = line{l.Additions + data.Additions, l.Deletions + data.Deletions, l.Changes + 1}
	}
	return want
}

func wantCommits(events []event.Event) map[string]int64 {
	want := map[string]int64{}
	for _, e := range events {
		var data struct{ Author string }
		if e.Type == "commit_recorded" && json.Unmarshal(e.Data, &data) == nil {
			want[data.Author]++
		}
	}
	return want
}

// told is an event for the guest fickle.
func told(n int, key, do string) event.Event {
	return newEvent(n, "told", fmt.Sprintf(`{"key":%q,"do":%q}`, key, do))
}

func newLog(t testing.TB, events []event.Event) *memory.Store {
	t.Helper()
	s := memory.New()
	t.Cleanup(func() { must(t, s.Close()) })
	appendTo(t, s, events)
	return s
}

// appendTo appends events in their order.
func appendTo(t testing.TB, s eventstore.Log, events []event.Event) {
	t.Helper()
	must(t, importInto(t.Context(), s, events))
}

func importInto(ctx context.Context, s eventstore.Log, events []event.Event) error {
	b, err := s.Bulk(ctx)
	if err != nil {
		return err
	}
	for _, e := range events {
		if _, err := b.Add(ctx, e); err != nil {
			return err
		}
	}
	if err := b.Flush(ctx); err != nil {
		return err
	}
	return b.Close()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sortedKeys are a map's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
