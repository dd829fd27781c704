package jetstream_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

// dial connects a plain NATS client, for what a store would not do.
func dial(t *testing.T, server *embedded.Server) natsjs.JetStream {
	t.Helper()
	nc, err := nats.Connect(server.URL(), nats.Token(server.Token()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := natsjs.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// soundStream is a stream that a store would accept.
func soundStream() natsjs.StreamConfig {
	return natsjs.StreamConfig{
		Name: "INFRASTRUCTURE_EVENTS", Subjects: []string{"infrastructure.>"}, Discard: natsjs.DiscardNew,
		DenyDelete: true, DenyPurge: true, AllowDirect: true, AllowAtomicPublish: true,
	}
}

func TestExistingStream(t *testing.T) {
	server := startServer(t, embedded.Options{Sync: embedded.SyncInterval})
	js := dial(t, server)
	cases := map[string]func(*natsjs.StreamConfig){
		"":                     func(*natsjs.StreamConfig) {},
		"subjects":             func(c *natsjs.StreamConfig) { c.Subjects = []string{"infrastructure.compute.>"} },
		"retention":            func(c *natsjs.StreamConfig) { c.Retention = natsjs.WorkQueuePolicy },
		"max_age":              func(c *natsjs.StreamConfig) { c.MaxAge = time.Hour },
		"max_bytes":            func(c *natsjs.StreamConfig) { c.MaxBytes = 1 << 30 },
		"max_msgs":             func(c *natsjs.StreamConfig) { c.MaxMsgs = 1000 },
		"max_msgs_per_subject": func(c *natsjs.StreamConfig) { c.MaxMsgsPerSubject = 5 },
		"discard":              func(c *natsjs.StreamConfig) { c.Discard = natsjs.DiscardOld },
		"storage":              func(c *natsjs.StreamConfig) { c.Storage = natsjs.MemoryStorage },
		"duplicate_window":     func(c *natsjs.StreamConfig) { c.Duplicates = time.Second },
		"deny_delete":          func(c *natsjs.StreamConfig) { c.DenyDelete = false },
		"deny_purge":           func(c *natsjs.StreamConfig) { c.DenyPurge = false },
		"allow_direct":         func(c *natsjs.StreamConfig) { c.AllowDirect = false },
		"allow_atomic":         func(c *natsjs.StreamConfig) { c.AllowAtomicPublish = false },
		"allow_msg_ttl":        func(c *natsjs.StreamConfig) { c.AllowMsgTTL = true },
		"no_ack":               func(c *natsjs.StreamConfig) { c.NoAck = true },
	}
	n := 0
	for field, spoil := range cases {
		t.Run("field "+field, func(t *testing.T) {
			sc := soundStream()
			spoil(&sc)
			n++ // a stream cannot be made at once where another one was
			prefix := fmt.Sprintf("log_%d", n)
			sc.Name = strings.ToUpper(prefix) + "_EVENTS"
			sc.Subjects[0] = strings.Replace(sc.Subjects[0], "infrastructure", prefix, 1)
			stream, err := js.CreateStream(t.Context(), sc)
			if err != nil {
				t.Fatal(err)
			}
			before := stream.CachedInfo().Config
			s, err := jetstream.Open(t.Context(), jetstream.Config{URL: server.URL(), Token: server.Token(), Prefix: prefix, DuplicateWindow: 2 * time.Minute})
			if err == nil {
				defer func() { _ = s.Close() }() // always nil
			}
			var wrong *jetstream.StreamConfigError
			switch {
			case field == "" && err != nil:
				t.Fatalf("a sound stream was refused: %v", err)
			case field != "" && (!errors.As(err, &wrong) || wrong.Field != field):
				t.Fatalf("error is %v, want a StreamConfigError about %s", err, field)
			}
			info, err := stream.Info(t.Context())
			if err != nil || info.Config.MaxAge != before.MaxAge || info.Config.DenyDelete != before.DenyDelete {
				t.Fatalf("the stream was changed: %+v, %v", info.Config, err)
			}
		})
	}
}

// TestALogMadeAgain deletes a stream and makes it again, at once.
func TestALogMadeAgain(t *testing.T) {
	server := startServer(t, embedded.Options{Sync: embedded.SyncInterval})
	js := dial(t, server)
	for range 20 {
		s := openStore(t, server, jetstream.Config{})
		appendEvents(t, s, newEvent(), newEvent())
		if err := js.DeleteStream(t.Context(), "INFRASTRUCTURE_EVENTS"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReplicasThatAreNotThere(t *testing.T) {
	server := startServer(t, embedded.Options{Sync: embedded.SyncInterval})
	openStore(t, server, jetstream.Config{})
	_, err := jetstream.Open(t.Context(), jetstream.Config{URL: server.URL(), Token: server.Token(), Replicas: 3})
	var wrong *jetstream.StreamConfigError
	if !errors.As(err, &wrong) || wrong.Field != "num_replicas" {
		t.Fatalf("error is %v", err)
	}
}

func TestSubjectsOfAnotherStream(t *testing.T) {
	server := startServer(t, embedded.Options{Sync: embedded.SyncInterval})
	openStore(t, server, jetstream.Config{})
	_, err := jetstream.Open(t.Context(), jetstream.Config{URL: server.URL(), Token: server.Token(), Stream: "OTHER"})
	if err == nil || !strings.Contains(err.Error(), "overlap") {
		t.Fatalf("a second stream over the same subjects: %v", err)
	}
}

func TestWrongToken(t *testing.T) {
	server := startServer(t, embedded.Options{Sync: embedded.SyncInterval})
	for _, token := range []string{"", "wrong"} {
		_, err := jetstream.Open(t.Context(), jetstream.Config{URL: server.URL(), Token: token})
		var refused *jetstream.RefusedError
		if !errors.As(err, &refused) || strings.Contains(err.Error(), server.Token()) {
			t.Fatalf("token %q: %v", token, err)
		}
	}
}

func TestBadConfig(t *testing.T) {
	for name, cfg := range map[string]jetstream.Config{
		"no url":       {},
		"nobody there": {URL: "nats://127.0.0.1:1"},
		"bad prefix":   {URL: "nats://127.0.0.1:1", Prefix: "a.*"},
		"empty token":  {URL: "nats://127.0.0.1:1", Prefix: "a..b"},
		"bad stream":   {URL: "nats://127.0.0.1:1", Stream: "A.B"},
		"replicas":     {URL: "nats://127.0.0.1:1", Replicas: -1},
		"no ca file":   {URL: "nats://127.0.0.1:1", CAFile: "missing.pem"},
	} {
		if _, err := jetstream.Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "opening the event log") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
