package archive_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/archive"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/eventstore/memory"
)

// TestALogThatChangesUnderTheArchive restarts the log's server from an older
// copy of its files, to which other events were appended: nothing goes on in
// silence.
func TestALogThatChangesUnderTheArchive(t *testing.T) {
	dir, older := t.TempDir(), t.TempDir()
	begin(t, dir, 3)
	if err := os.CopyFS(older, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	begin(t, older, 30)

	server, err := embedded.Start(embedded.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	log := connect(t, server)
	put(t, log, 22)
	s := inFront(t, log)
	if err := s.Archive().Wait(t.Context(), 24); err != nil {
		t.Fatal(err)
	}
	readCurrent(t, s, 25)

	port, err := strconv.Atoi(server.URL()[strings.LastIndex(server.URL(), ":")+1:])
	if err != nil {
		t.Fatal(err)
	}
	opts := embedded.Options{Dir: older, Port: port, Token: server.Token()}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if server, err = embedded.Start(opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })

	wantDivergedAt4 := func(what string, err error) {
		t.Helper()
		var diverged *archive.DivergedError
		if !errors.As(err, &diverged) || diverged.Position != 4 || diverged.Archive != 25 || diverged.Log != 33 {
			t.Errorf("%s: %v", what, err)
		}
	}
	for batch, err := range s.Follow(t.Context(), 25) {
		if len(batch) > 0 {
			t.Fatalf("%d events of another log are followed", len(batch))
		}
		wantDivergedAt4("Follow", err)
	}
	_, err = s.Read(t.Context(), agg, 1)
	wantDivergedAt4("Read", err)
	_, err = s.ReadCorrelation(t.Context(), correlation)
	wantDivergedAt4("ReadCorrelation", err)
	_, err = s.Append(t.Context(), agg, event.Any(), event.Event{})
	wantDivergedAt4("Append", err)
	_, err = s.Bulk(t.Context())
	wantDivergedAt4("Bulk", err)
	if head := s.Archive().Head(); head != 25 {
		t.Errorf("the archive went on to %d", head)
	}
}

// begin appends events to the log in a directory, and stops its server.
func begin(t *testing.T, dir string, events int) {
	t.Helper()
	server, err := embedded.Start(embedded.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	log := connect(t, server)
	put(t, log, events)
	if err := errors.Join(log.Close(), server.Close()); err != nil {
		t.Fatal(err)
	}
}

func connect(t *testing.T, server *embedded.Server) eventstore.Log {
	t.Helper()
	log, err := jetstream.Open(t.Context(), jetstream.Config{URL: server.URL(), Token: server.Token()})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// forgetful is a log that has lost an aggregate's last events, and whose head
// does not show it.
type forgetful struct {
	eventstore.Log
	lost event.Version
}

func (f *forgetful) Version(t context.Context, agg event.Aggregate) (event.Version, error) {
	v, err := f.Log.Version(t, agg)
	return v - min(v, f.lost), err
}

func TestALogThatForgetsAnAggregate(t *testing.T) {
	for _, lost := range []event.Version{1, 25} {
		log := &forgetful{Log: memory.New()}
		put(t, log, 25)
		s := inFront(t, log)
		if err := s.Archive().Wait(t.Context(), 24); err != nil {
			t.Fatal(err)
		}
		readCurrent(t, s, 25)
		log.lost = lost
		var diverged *archive.DivergedError
		if got, err := s.Read(t.Context(), agg, 1); !errors.As(err, &diverged) || diverged.Position != 25 {
			t.Errorf("%d lost: %d events, %v", lost, len(got), err)
		}
	}
}
