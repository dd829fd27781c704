package jetstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

// TestALogThatWentBack restarts the server under a follower, from an older copy
// of its files.
func TestALogThatWentBack(t *testing.T) {
	for name, c := range map[string]struct {
		others int // events appended in place of the two that are lost
		check  func(error) bool
	}{
		"shorter": {1, isError[*eventstore.GapError]},
		"with other events": {4, func(err error) bool {
			var changed *eventstore.ChangedError
			return errors.As(err, &changed) && changed.Position == 5
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, older := t.TempDir(), t.TempDir()
			write(t, embedded.Options{Dir: dir}, 3)
			copyDir(t, older, dir)
			write(t, embedded.Options{Dir: older}, c.others)

			server, err := embedded.Start(embedded.Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			again := embedded.Options{Dir: older, Port: portOf(t, server), Token: server.Token()}
			s := openStore(t, server, jetstream.Config{})
			appendEvents(t, s, newEvent(), newEvent())
			read, exchanged := 0, false
			for batch, err := range s.Follow(t.Context(), 0) {
				if err != nil {
					if !exchanged || !c.check(err) {
						t.Errorf("after %d events: %v", read, err)
					}
					return
				}
				if read += len(batch); read > 5 {
					t.Fatalf("%d events of another log are followed", read-5)
				}
				if read == 5 && !exchanged {
					if err := server.Close(); err != nil {
						t.Fatal(err)
					}
					startServer(t, again)
					exchanged = true
				}
			}
		})
	}
}

func isError[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// write appends events to the log in a directory, and stops its server.
func write(t *testing.T, opts embedded.Options, events int) {
	t.Helper()
	server, err := embedded.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	s, err := jetstream.Open(t.Context(), jetstream.Config{URL: server.URL(), Token: server.Token()})
	if err != nil {
		t.Fatal(err)
	}
	for range events {
		appendEvents(t, s, newEvent())
	}
	if err := errors.Join(s.Close(), server.Close()); err != nil {
		t.Fatal(err)
	}
}

func copyDir(t *testing.T, to, from string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// TestMissingAtTheEnd cuts the log's file under an index that says what it had:
// readers get what there is, then an error, and wait for nothing.
func TestMissingAtTheEnd(t *testing.T) {
	for _, share := range []float64{0, 0.5, 0.99} {
		dir := t.TempDir()
		write(t, embedded.Options{Dir: dir}, 20)
		blocks, err := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", "*", "msgs", "1.blk"))
		if err != nil || len(blocks) != 1 {
			t.Fatalf("blocks: %v, %v", blocks, err)
		}
		info, err := os.Stat(blocks[0])
		if err != nil {
			t.Fatal(err)
		}
		left := int64(share * float64(info.Size()))
		if err := os.Truncate(blocks[0], left); err != nil {
			t.Fatal(err)
		}
		s := openStore(t, startServer(t, embedded.Options{Dir: dir}), jetstream.Config{})
		events, err := s.ReadAll(t.Context(), 1, 100)
		var gap *eventstore.GapError
		if !errors.As(err, &gap) || gap.Expected != event.Position(len(events)+1) || len(events) != int(20*share) {
			t.Errorf("with %d bytes: ReadAll: %d events, %v", left, len(events), err)
		}
		if _, err := eventstore.Verify(context.Background(), s); !errors.As(err, &gap) {
			t.Errorf("with %d bytes: Verify: %v", left, err)
		}
	}
}

// TestAHoleIsCounted takes a file out of the log's midst: the server knows that
// its messages are gone, and so does who asks.
func TestAHoleIsCounted(t *testing.T) {
	dir := t.TempDir()
	opts := embedded.Options{Dir: dir, Sync: embedded.SyncInterval}
	server, err := embedded.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	s, err := jetstream.Open(t.Context(), jetstream.Config{URL: server.URL(), Token: server.Token()})
	if err != nil {
		t.Fatal(err)
	}
	big := json.RawMessage(`{"text":"` + strings.Repeat("x", 500_000) + `"}`)
	for range 50 { // three blocks of 8 MiB
		e := newEvent()
		e.Data = big
		appendEvents(t, s, e)
	}
	if at, err := s.Missing(t.Context()); at != 0 || err != nil {
		t.Errorf("of a whole log, %d is missing, %v", at, err)
	}
	if err := errors.Join(s.Close(), server.Close()); err != nil {
		t.Fatal(err)
	}
	blocks, err := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", "*", "msgs", "2.blk"))
	if err != nil || len(blocks) != 1 {
		t.Fatalf("blocks: %v, %v", blocks, err)
	}
	if err := os.Remove(blocks[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "refold.clean")); err != nil { // or the index is believed
		t.Fatal(err)
	}
	server = startServer(t, opts)
	s = openStore(t, server, jetstream.Config{})
	at, err := s.Missing(t.Context())
	events, readErr := s.ReadAll(t.Context(), 1, 100)
	var gap *eventstore.GapError
	if err != nil || !errors.As(readErr, &gap) || at != gap.Expected || int(at) != len(events)+1 {
		t.Errorf("%d is missing, %v; reading: %d events, %v", at, err, len(events), readErr)
	}
	seen, err := jetstream.Inspect(t.Context(), jetstream.Config{URL: server.URL(), Token: server.Token()})
	if err != nil || seen.Stream.Missing != at {
		t.Errorf("inspecting: %+v, %v", seen.Stream, err)
	}
}
