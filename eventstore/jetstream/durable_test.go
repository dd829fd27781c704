package jetstream_test

import (
	"encoding/json"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/eventstore/storetest"
)

var testAggregate = event.Aggregate{Type: "compute", ID: uuid.MustParse("6f9619ff-8b86-4011-b42d-00cf4fc964f0")}

// newEvent makes an event with a fresh id.
func newEvent() event.Event {
	return event.Event{
		ID: uuid.Must(uuid.NewV7()), Aggregate: testAggregate, Type: "status_changed", SchemaVersion: 1,
		Time: time.Unix(1_700_000_000, 7).UTC(), CorrelationID: testAggregate.ID, Data: json.RawMessage(`{"to":"active"}`),
	}
}

func appendEvents(t *testing.T, s *jetstream.Store, events ...event.Event) eventstore.Appended {
	t.Helper()
	at, err := s.Append(t.Context(), testAggregate, event.Any(), events...)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func portOf(t *testing.T, server *embedded.Server) int {
	t.Helper()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL(), "nats://"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestReopen stops store and server, and finds everything again, the ids
// within the duplicate window included.
func TestReopen(t *testing.T) {
	for _, sync := range []embedded.Sync{embedded.SyncAlways, embedded.SyncInterval} {
		t.Run(string(sync), func(t *testing.T) {
			dir := t.TempDir()
			var before []event.Recorded
			first := newEvent()
			t.Run("write", func(t *testing.T) {
				s := openStore(t, startServer(t, embedded.Options{Dir: dir, Sync: sync}), jetstream.Config{})
				appendEvents(t, s, first)
				appendEvents(t, s, newEvent(), newEvent(), newEvent())
				var err error
				if before, err = s.ReadAll(t.Context(), 1, 100); err != nil || len(before) != 4 {
					t.Fatalf("read: %d events, %v", len(before), err)
				}
			})
			s := openStore(t, startServer(t, embedded.Options{Dir: dir, Sync: sync}), jetstream.Config{})
			after, err := s.ReadAll(t.Context(), 1, 100)
			if diff := cmp.Diff(before, after); err != nil || diff != "" {
				t.Fatalf("the log after reopening: %v\n%s", err, diff)
			}
			if at := appendEvents(t, s, first); !at.Duplicate || at.Position != 1 {
				t.Fatalf("repeating the first append is at %+v", at)
			}
			if at := appendEvents(t, s, newEvent()); at.Version != 5 || at.Position != 5 {
				t.Fatalf("the next append is at %+v", at)
			}
			storetest.Verify(t, s)
		})
	}
}

// TestFollowOverRestart restarts the server on its port under a follower,
// which must go on where it was.
func TestFollowOverRestart(t *testing.T) {
	dir := t.TempDir()
	server, err := embedded.Start(embedded.Options{Dir: dir, Sync: embedded.SyncInterval})
	if err != nil {
		t.Fatal(err)
	}
	port, token := portOf(t, server), server.Token()
	s := openStore(t, server, jetstream.Config{})
	appendEvents(t, s, newEvent(), newEvent())
	got := 0
	for batch, err := range s.Follow(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range batch {
			if got++; r.Position != event.Position(got) {
				t.Fatalf("position %d where %d should be", r.Position, got)
			}
		}
		if got == 5 {
			break
		}
		if got == 2 {
			if err := server.Close(); err != nil {
				t.Fatal(err)
			}
			server = startServer(t, embedded.Options{Dir: dir, Port: port, Token: token, Sync: embedded.SyncInterval})
			writer := openStore(t, server, jetstream.Config{})
			appendEvents(t, writer, newEvent(), newEvent(), newEvent())
		}
	}
	if got != 5 {
		t.Fatalf("the follower ended after %d events", got)
	}
}

// TestFollowSeesLostEvents restarts the server over an older copy of the log:
// a follower must not take new events for the ones it has seen.
func TestFollowSeesLostEvents(t *testing.T) {
	server, err := embedded.Start(embedded.Options{Dir: t.TempDir(), Sync: embedded.SyncInterval})
	if err != nil {
		t.Fatal(err)
	}
	port, token := portOf(t, server), server.Token()
	s := openStore(t, server, jetstream.Config{})
	appendEvents(t, s, newEvent(), newEvent(), newEvent())
	var last error
	for _, err := range s.Follow(t.Context(), 0) {
		if last = err; err != nil {
			continue
		}
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
		server = startServer(t, embedded.Options{Dir: t.TempDir(), Port: port, Token: token, Sync: embedded.SyncInterval})
		shorter := openStore(t, server, jetstream.Config{})
		appendEvents(t, shorter, newEvent())
	}
	var gap *eventstore.GapError
	if !errors.As(last, &gap) || *gap != (eventstore.GapError{Expected: 4, Actual: 2}) {
		t.Fatalf("following a log that lost events ended with %v", last)
	}
}

// TestUnreadable puts messages that are no events into the stream.
func TestUnreadable(t *testing.T) {
	server := startServer(t, embedded.Options{Sync: embedded.SyncInterval})
	s := openStore(t, server, jetstream.Config{})
	js := dial(t, server)
	appendEvents(t, s, newEvent())
	subject := "infrastructure.compute." + testAggregate.ID.String() + ".registered"
	if _, err := js.Publish(t.Context(), subject, []byte(`[104,101]`)); err != nil {
		t.Fatal(err)
	}
	wantUnreadable := func(err error) {
		t.Helper()
		var bad *eventstore.UnreadableError
		if !errors.As(err, &bad) || bad.Position != 2 || bad.Subject != subject || bad.Reason == "" {
			t.Fatalf("error is %v, want an UnreadableError at position 2", err)
		}
	}
	_, err := s.Version(t.Context(), testAggregate)
	wantUnreadable(err)
	_, err = s.Read(t.Context(), testAggregate, 1)
	wantUnreadable(err)
	_, err = s.ReadAll(t.Context(), 1, 10)
	wantUnreadable(err)
	_, err = s.Bulk(t.Context())
	wantUnreadable(err)

	other := newEvent()
	other.Aggregate.ID = other.ID
	if _, err := s.Append(t.Context(), other.Aggregate, event.None(), other); err != nil {
		t.Fatalf("appending to another aggregate: %v", err)
	}
	var seen []event.Position
	for after := event.Position(0); len(seen) < 2; {
		for batch, err := range s.Follow(t.Context(), after) {
			if err != nil {
				wantUnreadable(err)
				after = 2 // the caller's decision
				break
			}
			for _, r := range batch {
				seen = append(seen, r.Position)
			}
			if len(seen) == 2 {
				break
			}
		}
	}
	if diff := cmp.Diff([]event.Position{1, 3}, seen); diff != "" {
		t.Fatal(diff)
	}
}

func TestTooLarge(t *testing.T) {
	server := startServer(t, embedded.Options{Sync: embedded.SyncInterval})
	s := openStore(t, server, jetstream.Config{})
	big := newEvent()
	big.Data = json.RawMessage(`{"x":"` + strings.Repeat("x", 1<<20) + `"}`)
	var tooLarge *eventstore.TooLargeError
	for _, events := range [][]event.Event{{big}, {newEvent(), big}} {
		if _, err := s.Append(t.Context(), testAggregate, event.None(), events...); !errors.As(err, &tooLarge) || tooLarge.What != "event" {
			t.Fatalf("appending a big event: %v", err)
		}
	}
	b, err := s.Bulk(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Add(t.Context(), big); !errors.As(err, &tooLarge) {
		t.Fatalf("importing a big event: %v", err)
	}
	many := make([]event.Event, jetstream.MaxAppend+1)
	for i := range many {
		many[i] = newEvent()
	}
	if _, err := s.Append(t.Context(), testAggregate, event.None(), many...); !errors.As(err, &tooLarge) || tooLarge.What != "append" {
		t.Fatalf("appending %d events: %v", len(many), err)
	}
	if head, err := s.Head(t.Context()); err != nil || head != 0 {
		t.Fatalf("head is %d, %v", head, err)
	}
}

// TestBodyStandsOnItsOwn holds the layout that other tools read.
func TestBodyStandsOnItsOwn(t *testing.T) {
	server := startServer(t, embedded.Options{Sync: embedded.SyncInterval})
	s := openStore(t, server, jetstream.Config{Prefix: "plant.north"})
	e := newEvent()
	appendEvents(t, s, newEvent(), e)
	stream, err := dial(t, server).Stream(t.Context(), "PLANT_NORTH_EVENTS")
	if err != nil {
		t.Fatal(err)
	}
	m, err := stream.GetMsg(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if want := "plant.north.compute." + testAggregate.ID.String() + ".status_changed"; m.Subject != want {
		t.Errorf("subject is %s, want %s", m.Subject, want)
	}
	if got := m.Header.Get("Nats-Msg-Id"); got != e.ID.String() {
		t.Errorf("message id is %s, want %s", got, e.ID)
	}
	want := `{"id":"` + e.ID.String() + `","aggregate_type":"compute","aggregate_id":"` + testAggregate.ID.String() +
		`","type":"status_changed","schema_version":1,"time":"2023-11-14T22:13:20.000000007Z","correlation_id":"` + testAggregate.ID.String() +
		`","causation_id":null,"data":{"to":"active"},"version":2}`
	if diff := cmp.Diff(want, string(m.Data)); diff != "" {
		t.Errorf("body:\n%s", diff)
	}
}

// TestMessagesCannotBeDeleted tries what an operator might.
func TestMessagesCannotBeDeleted(t *testing.T) {
	server := startServer(t, embedded.Options{Sync: embedded.SyncInterval})
	s := openStore(t, server, jetstream.Config{})
	appendEvents(t, s, newEvent())
	stream, err := dial(t, server).Stream(t.Context(), "INFRASTRUCTURE_EVENTS")
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.DeleteMsg(t.Context(), 1); err == nil {
		t.Error("a message could be deleted")
	}
	if err := stream.Purge(t.Context()); err == nil {
		t.Error("the stream could be purged")
	}
	storetest.Verify(t, s)
}
