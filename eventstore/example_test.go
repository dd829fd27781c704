package eventstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/domain/signal"
	"github.com/refold-dev/refold/domain/signal/live"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
)

var host = event.Aggregate{Type: "compute_resource", ID: uuid.MustParse("01900000-0000-7000-8000-0000000000a0")}

// newFact makes an event; ids and times are its author's.
func newFact(id, eventType, data string) event.Event {
	return event.Event{
		ID:            uuid.MustParse(id),
		Aggregate:     host,
		Type:          eventType,
		SchemaVersion: 1,
		Time:          time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC),
		CorrelationID: host.ID,
		Data:          json.RawMessage(data),
	}
}

func ExampleStore_append() {
	ctx := context.Background()
	var store eventstore.Store = memory.New()
	registered := newFact("01900000-0000-7000-8000-000000000001", "resource_registered", `{"hostname":"a.example.com"}`)
	activated := newFact("01900000-0000-7000-8000-000000000002", "status_changed", `{"to":"active"}`)
	retired := newFact("01900000-0000-7000-8000-000000000003", "status_changed", `{"to":"decommissioned"}`)

	at, err := store.Append(ctx, host, event.None(), registered) // host must have no events yet
	fmt.Println(at.Version, at.Position, err)

	at, err = store.Append(ctx, host, event.Exactly(1), activated) // decided on version 1
	fmt.Println(at.Version, at.Position, err)

	_, err = store.Append(ctx, host, event.Exactly(1), retired) // decided on version 1 as well, but later
	var conflict *eventstore.ConflictError
	if errors.As(err, &conflict) {
		fmt.Println("expected", conflict.Expected, "actual", conflict.Actual)
	}

	at, err = store.Append(ctx, host, event.Exactly(1), activated) // again: nothing is stored twice
	fmt.Println(at.Version, at.Duplicate, err)
	// Output:
	// 1 1 <nil>
	// 2 2 <nil>
	// expected 1 actual 2
	// 2 true <nil>
}

func ExampleStore_follow() {
	ctx := context.Background()
	var store eventstore.Store = memory.New()
	for i := range 3 {
		e := newFact(fmt.Sprintf("01900000-0000-7000-8000-%012d", i+1), "status_changed", fmt.Sprintf(`{"n":%d}`, i))
		if _, err := store.Append(ctx, host, event.Exactly(event.Version(i)), e); err != nil {
			fmt.Println(err)
		}
	}
	done := event.Position(1) // what this reader has dealt with already
	for batch, err := range store.Follow(ctx, done) {
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, r := range batch {
			fmt.Println(r.Position, r.Aggregate.Type, r.Version, string(r.Data))
			done = r.Position
		}
		if done == 3 {
			break // without this, the loop waits for what comes next
		}
	}
	// Output:
	// 2 compute_resource 2 {"n":1}
	// 3 compute_resource 3 {"n":2}
}

// occurrences are the log's events as a live stream.
func occurrences(ctx context.Context, log eventstore.Log, after event.Position, failed *error) live.Stream[event.Recorded] {
	return func(yield func(signal.Occurrence[event.Recorded]) bool) {
		for batch, err := range log.Follow(ctx, after) {
			if err != nil {
				*failed = err
				return
			}
			for _, r := range batch {
				if !yield(signal.Occurrence[event.Recorded]{Time: signal.TimeOf(r.Time), Value: r}) {
					return // the log is released
				}
			}
		}
	}
}

func ExampleStore_live() {
	ctx := context.Background()
	store := memory.New()
	for i, eventType := range []string{"resource_registered", "status_changed", "asset_tag_assigned", "status_changed"} {
		e := newFact(fmt.Sprintf("01900000-0000-7000-8000-%012d", i+1), eventType, `{}`)
		if _, err := store.Append(ctx, host, event.Any(), e); err != nil {
			fmt.Println(err)
		}
	}

	var failed error
	stream := live.Monotone(occurrences(ctx, store, 0, &failed))
	changes := live.Filter(stream, func(r event.Recorded) bool { return r.Type == "status_changed" })
	counts := live.Scan(changes, 0, func(n int, _ event.Recorded) int { return n + 1 })
	for o := range live.Take(counts, 2) { // a log never ends: someone must
		fmt.Println(o.Time.UTC(), o.Value)
	}
	fmt.Println(failed)
	// Output:
	// 2026-01-31 09:30:00 +0000 UTC 1
	// 2026-01-31 09:30:00 +0000 UTC 2
	// <nil>
}
