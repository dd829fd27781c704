package jetstream_test

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

// TestInspect holds that a look finds what is there and makes nothing.
func TestInspect(t *testing.T) {
	server := startServer(t, embedded.Options{Sync: embedded.SyncInterval})
	cfg := jetstream.Config{URL: server.URL(), Token: server.Token()}
	inspect := func() jetstream.Inspection {
		t.Helper()
		seen, err := jetstream.Inspect(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		return seen
	}
	js := dial(t, server)
	seen := inspect()
	if seen.Stream != nil || !seen.Loopback || seen.TLS || seen.Version == "" || seen.ServerID == "" || seen.URL != server.URL() {
		t.Errorf("without a log: %+v", seen)
	}
	if _, err := js.Stream(t.Context(), "INFRASTRUCTURE_EVENTS"); !errors.Is(err, natsjs.ErrStreamNotFound) {
		t.Errorf("the look made a stream: %v", err)
	}
	s := openStore(t, server, jetstream.Config{})
	e := newEvent()
	if _, err := s.Append(t.Context(), e.Aggregate, event.None(), e); err != nil {
		t.Fatal(err)
	}
	if st := inspect().Stream; st == nil || st.First != 1 || st.Last != 1 || st.Messages != 1 || st.Missing != 0 || st.Replicas != 1 || st.Conflict != nil {
		t.Errorf("a sound log: %+v", st)
	}
	sc := soundStream()
	sc.Name, sc.Subjects, sc.DenyPurge = "OTHER_EVENTS", []string{"other.>"}, false
	if _, err := js.CreateStream(t.Context(), sc); err != nil {
		t.Fatal(err)
	}
	cfg.Prefix = "other"
	if st := inspect().Stream; st == nil || st.Conflict == nil || st.Conflict.Field != "deny_purge" {
		t.Errorf("a stream that is no log: %+v", st)
	}
}

func TestInspectRefused(t *testing.T) {
	server := startServer(t, embedded.Options{Sync: embedded.SyncInterval})
	var refused *jetstream.RefusedError
	if _, err := jetstream.Inspect(t.Context(), jetstream.Config{URL: server.URL(), Token: "wrong"}); !errors.As(err, &refused) || !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("a wrong token: %v", err)
	}
	var unreachable *jetstream.UnreachableError
	if _, err := jetstream.Inspect(t.Context(), jetstream.Config{URL: "nats://127.0.0.1:1"}); !errors.As(err, &unreachable) {
		t.Errorf("nobody there: %v", err)
	}
}
