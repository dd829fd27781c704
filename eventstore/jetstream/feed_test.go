package jetstream

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

func feedStore(t *testing.T) *Store {
	t.Helper()
	server, err := embedded.Start(embedded.Options{Dir: t.TempDir(), Sync: embedded.SyncInterval})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Config{URL: server.URL(), Token: server.Token()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.Close() // always nil
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// consumers are the names of the stream's consumers.
func (s *Store) consumers(t *testing.T) (names []string) {
	t.Helper()
	stream, err := s.js.Stream(t.Context(), s.cfg.Stream)
	if err != nil {
		t.Fatal(err)
	}
	list := stream.ConsumerNames(t.Context())
	for name := range list.Name() {
		names = append(names, name)
	}
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return names
}

func feedAppend(t *testing.T, s *Store, e event.Event) {
	t.Helper()
	if _, err := s.Append(t.Context(), e.Aggregate, event.Any(), e); err != nil {
		t.Fatal(err)
	}
}

// TestFeedLeavesOutHeaders holds that a message's headers do not come over the
// feed, though they do over another connection.
func TestFeedLeavesOutHeaders(t *testing.T) {
	s := feedStore(t)
	feed, err := s.feed.connection(s.cfg)
	if err != nil {
		t.Fatal(err)
	}
	for nc, want := range map[*nats.Conn]int{feed: 0, s.nc: 1} {
		sub, err := nc.SubscribeSync("anything")
		if err != nil {
			t.Fatal(err)
		}
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := s.nc.PublishMsg(&nats.Msg{Subject: "anything", Header: nats.Header{"Key": {"value"}}, Data: []byte("body")}); err != nil {
			t.Fatal(err)
		}
		m, err := sub.NextMsg(10 * time.Second)
		if err != nil || len(m.Header) != want || string(m.Data) != "body" {
			t.Errorf("%d headers came, want %d; body %q, %v", len(m.Header), want, m.Data, err)
		}
	}
}

// TestFollowOutlivesItsConsumer deletes the consumer that a follower reads from,
// as a server does that restarts without it.
func TestFollowOutlivesItsConsumer(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits until the server is silent")
	}
	s := feedStore(t)
	e := benchEvent(uuid.New())
	feedAppend(t, s, e)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	seen := 0
	for batch, err := range s.Follow(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if seen += len(batch); seen == 2 {
			return
		}
		for _, name := range s.consumers(t) {
			if err := s.js.DeleteConsumer(ctx, s.cfg.Stream, name); err != nil {
				t.Fatal(err)
			}
		}
		e.ID = uuid.New()
		feedAppend(t, s, e)
	}
	t.Fatalf("%d events came of 2", seen)
}

// TestFollowOutlivesExpiredPulls is idle for longer than a pull lasts.
func TestFollowOutlivesExpiredPulls(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for the server")
	}
	s := feedStore(t)
	e := benchEvent(uuid.New())
	feedAppend(t, s, e)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	seen := 0
	var before []string
	for batch, err := range s.Follow(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if seen += len(batch); seen == 2 {
			if now := s.consumers(t); !slices.Equal(now, before) {
				t.Errorf("the consumers are %v, which were %v: the session was opened again", now, before)
			}
			return
		}
		before = s.consumers(t)
		time.AfterFunc(pullExpiry+pullExpiry/2, func() {
			e := benchEvent(uuid.New())
			if _, err := s.Append(ctx, e.Aggregate, event.Any(), e); err != nil {
				t.Error(err)
			}
		})
	}
	t.Fatalf("%d events came of 2", seen)
}

// TestReadLargeAndSmall reads events that do not fit what is asked for at once,
// some as large as a message can be.
func TestReadLargeAndSmall(t *testing.T) {
	s := feedStore(t)
	agg := uuid.New()
	var want []event.Event
	for i := range 24 {
		e := benchEvent(agg)
		if i%2 == 0 {
			e.Data = json.RawMessage(`{"text":"` + strings.Repeat("x", int(s.nc.MaxPayload())-2000-i) + `"}`)
		}
		want = append(want, e)
		feedAppend(t, s, e)
	}
	got, err := s.ReadAll(t.Context(), 1, len(want)+1)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d events of %d, %v", len(got), len(want), err)
	}
	for i := range want {
		if got[i].ID != want[i].ID || !bytes.Equal(got[i].Data, want[i].Data) {
			t.Errorf("event %d is not the one that was appended", i+1)
		}
	}
}
