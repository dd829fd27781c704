package unfinished_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/eventstore/jetstream/internal/blocks/blockstest"
	"github.com/refold-dev/refold/eventstore/jetstream/internal/unfinished"
)

const streamName = "INFRASTRUCTURE_EVENTS"

// newStream makes the folder of an empty log, by a server.
func newStream(t *testing.T) (root, dir string) {
	t.Helper()
	root = t.TempDir()
	withServer(t, root, func(*jetstream.Store) {})
	found, err := filepath.Glob(filepath.Join(root, "jetstream", "*", "streams", "*"))
	if err != nil || len(found) != 1 || filepath.Base(found[0]) != streamName {
		t.Fatalf("streams: %v, %v", found, err)
	}
	unclean(t, root)
	return root, found[0]
}

// unclean makes the end of a server one that was not in order.
func unclean(t *testing.T, root string) {
	t.Helper()
	if err := os.Remove(filepath.Join(root, "refold.clean")); err != nil {
		t.Fatal(err)
	}
}

// withServer runs use over a server, and stops it.
func withServer(t *testing.T, root string, use func(*jetstream.Store)) {
	t.Helper()
	server, err := embedded.Start(embedded.Options{Dir: root, Sync: embedded.SyncInterval})
	if err != nil {
		t.Fatal(err)
	}
	s, err := jetstream.Open(t.Context(), jetstream.Config{URL: server.URL(), Token: server.Token()})
	if err != nil {
		t.Fatal(err)
	}
	use(s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
}

// headOf starts the server and returns the log's last position.
func headOf(t *testing.T, root string) (head event.Position) {
	t.Helper()
	withServer(t, root, func(s *jetstream.Store) {
		var err error
		if head, err = s.Head(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	return head
}

// message is one to write into a block.
type message struct {
	sequence uint64
	batch    string
	place    int    // in the batch
	commit   string // value of the header
}

func (m message) headers() string {
	h := "NATS/1.0\r\nNats-Msg-Id: " + strconv.FormatUint(m.sequence, 10) + "\r\n"
	if m.batch != "" {
		h += fmt.Sprintf("Nats-Batch-Id: %s\r\nNats-Batch-Sequence: %d\r\n", m.batch, m.place)
	}
	if m.commit != "" {
		h += "Nats-Batch-Commit: " + m.commit + "\r\n"
	}
	return h + "\r\n"
}

func encode(stream string, block int, m message) []byte {
	return blockstest.Encode(stream, block, m.sequence, m.headers())
}

// blockOf returns a block of messages, each "<sequence>" or
// "<sequence>:<batch>.<place>", with "!" and the header's value where it
// commits. "torn" is the beginning of a record, "zeros" are such.
func blockOf(t *testing.T, stream string, block int, text string) []byte {
	t.Helper()
	var out []byte
	for word := range strings.FieldsSeq(text) {
		switch word {
		case "torn":
			out = append(out, encode(stream, block, message{sequence: 99})[:60]...)
			continue
		case "zeros":
			out = append(out, make([]byte, 100)...)
			continue
		}
		var m message
		word, commit, _ := strings.Cut(word, "!")
		sequence, batch, _ := strings.Cut(word, ":")
		name, place, _ := strings.Cut(batch, ".")
		m.batch, m.commit = name, commit
		m.sequence, _ = strconv.ParseUint(sequence, 10, 64)
		m.place, _ = strconv.Atoi(place)
		out = append(out, encode(stream, block, m)...)
	}
	return out
}

func writeBlock(t *testing.T, dir string, block int, text []byte) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(block)+".blk"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// said collects what a logger is told.
type said struct {
	slog.Handler
	lines *[]string
}

func newSaid() said { return said{slog.DiscardHandler, new([]string)} }

func (s said) Enabled(context.Context, slog.Level) bool { return true }
func (s said) WithAttrs([]slog.Attr) slog.Handler       { return s }
func (s said) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += " " + a.String()
		return true
	})
	*s.lines = append(*s.lines, line)
	return nil
}

// asWritten is a flush for tests in which the power stays on.
func asWritten(*os.File) error { return nil }

// takeBack returns what the logger was told.
func takeBack(t *testing.T, root string) string {
	t.Helper()
	said := newSaid()
	if err := unfinished.TakeBack(root, asWritten, slog.New(said)); err != nil {
		t.Fatal(err)
	}
	return strings.Join(*said.lines, "\n")
}
