package jetstream_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/eventstore/storetest"
)

// shortWindow is the shortest for which a server remembers ids.
const shortWindow = 100 * time.Millisecond

// index looks ids up in all that the log has.
type index struct {
	log *jetstream.Store

	mu  sync.Mutex
	at  event.Position
	ids map[uuid.UUID]event.Position
}

func (x *index) find(ctx context.Context, id uuid.UUID) (event.Position, bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	head, err := x.log.Head(ctx)
	if err != nil {
		return 0, false, err
	}
	if head > x.at {
		news, err := x.log.ReadAll(ctx, x.at+1, int(head-x.at))
		if err != nil {
			return 0, false, err
		}
		for _, r := range news {
			x.at, x.ids[r.ID] = r.Position, r.Position
		}
	}
	at, known := x.ids[id]
	return at, known, nil
}

// forgotten waits until the server does not know the ids any more.
func forgotten(t *testing.T, server *embedded.Server, ids []uuid.UUID) {
	t.Helper()
	js := dial(t, server)
	for _, id := range ids {
		for {
			_, err := js.PublishMsg(t.Context(), &nats.Msg{
				Subject: "infrastructure.compute." + id.String() + ".probe",
				Header:  nats.Header{"Nats-Msg-Id": {id.String()}, "Nats-Expected-Last-Msg-Id": {"-"}},
			})
			var refused *natsjs.APIError
			if errors.As(err, &refused) && refused.ErrorCode == 10070 {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestKnown runs the suite with ids that are known longer than the server
// knows them, and with a flush before each acknowledgement.
func TestKnown(t *testing.T) {
	if testing.Short() {
		t.Skip("short: the suite runs on the embedded server")
	}
	var server *embedded.Server
	features := storetest.Features{Forget: func(t *testing.T, _ eventstore.Log, ids []uuid.UUID) { forgotten(t, server, ids) }}
	storetest.RunLog(t, features, func(t *testing.T) eventstore.Log {
		server = startServer(t, embedded.Options{})
		x := &index{ids: make(map[uuid.UUID]event.Position)}
		x.log = openStore(t, server, jetstream.Config{DuplicateWindow: shortWindow, Known: x.find})
		return x.log
	})
}

// TestKnownIsChecked: an index that is wrong must not pass for the log.
func TestKnownIsChecked(t *testing.T) {
	server := startServer(t, embedded.Options{Sync: embedded.SyncInterval})
	broken := errors.New("broken")
	var known bool
	var answer error
	s := openStore(t, server, jetstream.Config{Known: func(context.Context, uuid.UUID) (event.Position, bool, error) { return 1, known, answer }})
	first := newEvent()
	if _, err := s.Append(t.Context(), testAggregate, event.None(), first); err != nil {
		t.Fatal(err)
	}
	known = true
	if _, err := s.Append(t.Context(), testAggregate, event.Any(), newEvent()); err == nil {
		t.Error("an event was taken for the one at position 1")
	}
	known, answer = false, broken
	if _, err := s.Append(t.Context(), testAggregate, event.Any(), newEvent()); !errors.Is(err, broken) {
		t.Errorf("over an index that gives an error: %v", err)
	}
	if head, err := s.Head(t.Context()); err != nil || head != 1 {
		t.Errorf("head is %d, %v", head, err)
	}
}

// TestStoredWhileAsking: a writer who is ahead of its aggregate looks for its
// events, and meanwhile another one stores the event before them, and them. The
// append is a repetition then, of which each event has its own id.
func TestStoredWhileAsking(t *testing.T) {
	server := startServer(t, embedded.Options{Sync: embedded.SyncInterval})
	other := openStore(t, server, jetstream.Config{})
	before, events := newEvent(), []event.Event{newEvent(), newEvent()}
	asked := 0
	s := openStore(t, server, jetstream.Config{Known: func(ctx context.Context, id uuid.UUID) (event.Position, bool, error) {
		if id != events[0].ID {
			return 0, false, nil
		}
		if asked++; asked != 2 { // the first time is before the append is tried
			return 0, false, nil
		}
		if _, err := other.Append(ctx, testAggregate, event.None(), before); err != nil {
			return 0, false, err
		}
		_, err := other.Append(ctx, testAggregate, event.Exactly(1), events...)
		return 0, false, err
	}})
	at, err := s.Append(t.Context(), testAggregate, event.Exactly(1), events...)
	if want := (eventstore.Appended{Version: 3, Position: 3, Duplicate: true}); err != nil || at != want {
		t.Errorf("%+v, %v, want %+v; asked %d times", at, err, want, asked)
	}
}
