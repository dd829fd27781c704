package embedded_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

func TestOneServerPerDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	first, err := embedded.Start(embedded.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	_, err = embedded.Start(embedded.Options{Dir: dir})
	var locked *embedded.LockedError
	if !errors.As(err, &locked) || locked.Dir != dir {
		t.Fatalf("a second server started: %v", err)
	}
	if err := errors.Join(first.Close(), first.Close()); err != nil {
		t.Fatalf("closing twice: %v", err)
	}
	again, err := embedded.Start(embedded.Options{Dir: dir})
	if err != nil {
		t.Fatalf("starting after close: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTokenIsDemandedAndNotLogged(t *testing.T) {
	var log bytes.Buffer
	server, err := embedded.Start(embedded.Options{
		Dir:    t.TempDir(),
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(server.URL(), "nats://127.0.0.1:") || len(server.Token()) < 20 {
		t.Errorf("url %s, token of %d characters", server.URL(), len(server.Token()))
	}
	if nc, err := nats.Connect(server.URL()); !errors.Is(err, nats.ErrAuthorization) {
		nc.Close()
		t.Errorf("connecting without a token: %v", err)
	}
	nc, err := nats.Connect(server.URL(), nats.Token(server.Token()))
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if log.Len() == 0 || strings.Contains(log.String(), server.Token()) {
		t.Errorf("the log is empty or holds the token:\n%s", log.String())
	}
}

// TestNothingLeftBehind starts servers that cannot start.
func TestNothingLeftBehind(t *testing.T) {
	dir := t.TempDir()
	running, err := embedded.Start(embedded.Options{Dir: filepath.Join(dir, "running")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, opts := range map[string]embedded.Options{
		"no directory": {},
		"bad sync":     {Dir: filepath.Join(dir, "x", "y"), Sync: "sometimes"},
		"under a file": {Dir: filepath.Join(file, "sub")},
	} {
		if _, err := embedded.Start(opts); err == nil {
			t.Errorf("%s: the server started", name)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("left behind: %v, %v", entries, err)
	}
}
