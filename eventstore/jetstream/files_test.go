package jetstream_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

// TestDamagedFiles changes bytes in the log's files and cuts them, while the
// server is running. What is read is the log as it was or, where the server has
// no better copy, an error behind the events before; never anything else.
func TestDamagedFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	server := startServer(t, embedded.Options{Sync: embedded.SyncInterval})
	s := openStore(t, server, jetstream.Config{StreamsDir: "the server's", MaxBatch: 7})
	text := json.RawMessage(`{"text":"` + strings.Repeat("x", 100_000) + `"}`)
	for range 200 { // three blocks of 8 MiB
		e := newEvent()
		e.Data = text
		appendEvents(t, s, e)
	}
	want, err := s.ReadAll(t.Context(), 1, 1000)
	if err != nil || len(want) != 200 {
		t.Fatalf("%d events, %v", len(want), err)
	}
	blocks, err := filepath.Glob(filepath.Join(server.StreamsDir(), "*", "msgs", "*.blk"))
	if err != nil || len(blocks) < 3 {
		t.Fatalf("blocks: %v, %v", blocks, err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		path := blocks[r.IntN(len(blocks))]
		sound, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		damaged := bytes.Clone(sound)
		if r.IntN(4) == 0 {
			damaged = damaged[:r.IntN(len(damaged))]
		} else {
			damaged[r.IntN(len(damaged))] ^= byte(1 + r.IntN(255))
		}
		replace(t, path, damaged)
		got, err := s.ReadAll(t.Context(), 1, 1000)
		replace(t, path, sound)
		head, headErr := s.Head(t.Context())
		if headErr != nil || err == nil && len(got) != int(head) || len(got) > len(want) {
			t.Fatalf("%d events of %d up to %d, %v, %v", len(got), len(want), head, err, headErr)
		}
		for i := range got {
			if got[i].Position != want[i].Position || event.Difference(&want[i], &got[i]) != "" {
				t.Fatalf("event %d is another one", i+1)
			}
		}
		if int(head) < len(want) {
			t.Logf("the server has read a damaged file, and cut the log at %d", head)
			return
		}
	}
}

// replace changes a file's content, and not the file: the server has it open.
func replace(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
