package unfinished_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/internal/unfinished"
)

// asideOfB is the folder that the server keeps batch "b" aside in.
const asideOfB = "0ZkM0vRC"

// TestEnds holds what becomes of a log's end, and that the server agrees.
func TestEnds(t *testing.T) {
	const taken, left = "is taken back", "was not looked at"
	cases := map[string]struct {
		blocks []string
		aside  string // what the server has kept of batch b
		want   event.Position
		log    string // what is said; nothing and the same files if empty
	}{
		"single messages":               {blocks: []string{"1 2 3"}, want: 3},
		"a whole batch":                 {blocks: []string{"1 2:b.1 3:b.2 4:b.3!1"}, want: 4},
		"the first of a batch":          {blocks: []string{"1 2:b.1"}, want: 1, log: taken},
		"two of a batch":                {blocks: []string{"1 2:b.1 3:b.2"}, want: 1, log: taken},
		"nothing else":                  {blocks: []string{"1:b.1 2:b.2"}, want: 0, log: taken},
		"a torn record behind":          {blocks: []string{"1 2:b.1 torn"}, want: 1, log: taken},
		"zeros behind":                  {blocks: []string{"1 2:b.1 3:b.2 zeros"}, want: 1, log: taken},
		"only torn":                     {blocks: []string{"1 2 torn"}, want: 2},
		"torn behind a whole batch":     {blocks: []string{"1 2:b.1 3:b.2!1 torn"}, want: 3},
		"a whole batch before":          {blocks: []string{"1:a.1 2:a.2!1 3:b.1"}, want: 2, log: taken},
		"part of another before":        {blocks: []string{"1 2:a.1 3:b.1 4:b.2"}, want: 1, log: taken},
		"a batch behind a part":         {blocks: []string{"1 2:a.1 3:b.1 4:b.2!1"}, want: 4},
		"single messages behind a part": {blocks: []string{"1 2:a.1 3"}, want: 3},
		"no beginning":                  {blocks: []string{"1 2:b.2"}, want: 2, log: left},
		"no beginning at all":           {blocks: []string{"1:b.2 2:b.3"}, want: 2, log: left},
		"begun in the block before":     {blocks: []string{"1 2 3:b.1", "4:b.2 5:b.3"}, want: 2, log: taken},
		"two blocks of it":              {blocks: []string{"1:b.1 2:b.2", "3:b.3"}, want: 0, log: taken},
		"begun two blocks before":       {blocks: []string{"1 2:b.1", "3:b.2", "4:b.3 torn"}, want: 1, log: taken},
		"begun with its block":          {blocks: []string{"1 2", "3:b.1 4:b.2"}, want: 2, log: taken},
		"ended in the next block":       {blocks: []string{"1 2:b.1", "3:b.2!1"}, want: 3},
		"a torn block behind":           {blocks: []string{"1 2:b.1", "torn"}, want: 1, log: taken},
		"an empty block behind":         {blocks: []string{"1 2:b.1", ""}, want: 1, log: taken},
		"a torn block before":           {blocks: []string{"1 2:b.1 torn", "3:b.2"}, want: 3, log: left},
		"another batch before":          {blocks: []string{"1 2:a.1", "3:b.2"}, want: 3, log: left},
		"a message is missing":          {blocks: []string{"1 3:b.1"}, want: 3, log: left},
		"an empty log":                  {blocks: []string{""}, want: 0},
		"no block":                      {want: 0},

		"the server has the rest":           {blocks: []string{"1 2:b.1"}, aside: "1:b.1 2:b.2 3:b.3!1", want: 4},
		"the server has the last":           {blocks: []string{"1 2:b.1 3:b.2 torn"}, aside: "1:b.1 2:b.2 3:b.3!1", want: 4},
		"the server has it all, and an end": {blocks: []string{"1 2:b.1"}, aside: "1:b.1 2:b.2 3:b.3!eob", want: 3},
		"the server has no end":             {blocks: []string{"1 2:b.1"}, aside: "1:b.1 2:b.2 3:b.3", want: 1, log: taken},
		"the server has a torn end":         {blocks: []string{"1 2:b.1"}, aside: "1:b.1 2:b.2!1 torn", want: 1, log: taken},
		"the server has lost the middle":    {blocks: []string{"1 2:b.1"}, aside: "1:b.1 3:b.3!1", want: 1, log: taken},
		"the server has only the end":       {blocks: []string{"1 2:b.1"}, aside: "3:b.3!1", want: 1, log: taken},
		"the server has nothing":            {blocks: []string{"1 2:b.1"}, aside: " ", want: 1, log: taken},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			root, dir := newStream(t)
			if err := os.RemoveAll(filepath.Join(dir, "msgs")); err != nil {
				t.Fatal(err)
			}
			for i, text := range c.blocks {
				writeBlock(t, filepath.Join(dir, "msgs"), i+1, blockOf(t, streamName, i+1, text))
			}
			if c.aside != "" {
				writeBlock(t, filepath.Join(dir, "batches", asideOfB, "msgs"), 1, blockOf(t, asideOfB, 1, c.aside))
			}
			before := files(t, dir)
			log := takeBack(t, root)
			if !strings.Contains(log, c.log) || c.log == "" && log != "" {
				t.Errorf("said %q", log)
			}
			if same := maps.Equal(before, files(t, dir)); same == (c.log == taken) {
				t.Errorf("the files are the same: %v", same)
			}
			if again := takeBack(t, root); c.log == taken && again != "" {
				t.Errorf("the second time it said %q", again)
			}
			if head := headOf(t, root); head != c.want {
				t.Errorf("the log ends at %d, want %d", head, c.want)
			}
		})
	}
}

// files returns the text of each file below dir.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		found[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestOtherStreams holds that what is not understood is not changed.
func TestOtherStreams(t *testing.T) {
	rewrite := func(from, to string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, "meta.inf")
			text, err := os.ReadFile(path)
			if err != nil || !bytes.Contains(text, []byte(from)) {
				t.Fatalf("%s, %v", text, err)
			}
			if err := os.WriteFile(path, bytes.ReplaceAll(text, []byte(from), []byte(to)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	block := blockOf(t, streamName, 1, "1 2:b.1")
	cases := map[string]struct {
		change func(t *testing.T, dir string)
		log    string
	}{
		"encrypted": {func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "meta.key"), []byte("key"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "it is encrypted"},
		"compressed": {func(t *testing.T, dir string) {
			writeBlock(t, filepath.Join(dir, "msgs"), 1, append([]byte("cmp\x01\x20"), block...))
		}, "1.blk is compressed"},
		"deleted": {func(t *testing.T, dir string) {
			writeBlock(t, filepath.Join(dir, "msgs"), 1, append(bytes.Clone(block), encode(streamName, 1, message{sequence: 1 | 1<<62})...))
		}, "deleted or missing"},
		"copies":         {rewrite(`"num_replicas":1`, `"num_replicas":3`), "several copies"},
		"no batches":     {rewrite(`"allow_atomic":true`, `"allow_atomic":false`), ""},
		"memory":         {rewrite(`"storage":"file"`, `"storage":"memory"`), ""},
		"no description": {rewrite(`{`, `[`), "no JSON"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			root, dir := newStream(t)
			writeBlock(t, filepath.Join(dir, "msgs"), 1, block)
			c.change(t, dir)
			before := files(t, dir)
			if log := takeBack(t, root); !strings.Contains(log, c.log) || c.log == "" && log != "" {
				t.Errorf("said %q", log)
			}
			if !maps.Equal(before, files(t, dir)) {
				t.Error("the files were changed")
			}
		})
	}
}

// TestInterrupted holds that a cut is on disk before it counts as done, later
// blocks first, and that one which was interrupted is gone on with.
func TestInterrupted(t *testing.T) {
	root, dir := newStream(t)
	blocks := filepath.Join(dir, "msgs")
	for i, text := range []string{"1 2:b.1", "3:b.2", "4:b.3"} {
		writeBlock(t, blocks, i+1, blockOf(t, streamName, i+1, text))
	}
	broken := errors.New("input/output error")
	var flushed []string
	calls := 0
	flush := func(f *os.File) error {
		if calls++; calls == 1 {
			return broken
		}
		flushed = append(flushed, filepath.Base(f.Name()))
		return nil
	}
	logger := slog.New(slog.DiscardHandler)
	if err := unfinished.TakeBack(root, flush, logger); !errors.Is(err, broken) {
		t.Fatalf("a flush went wrong: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(blocks, "*.blk")); err != nil || len(left) != 1 {
		t.Fatalf("blocks %v, %v", left, err)
	}
	if err := unfinished.TakeBack(root, flush, logger); err != nil {
		t.Fatal(err)
	}
	if want := []string{"msgs", "1.blk"}; !slices.Equal(flushed, want) {
		t.Errorf("flushed %v, want %v", flushed, want)
	}
	if head := headOf(t, root); head != 1 {
		t.Errorf("the log ends at %d", head)
	}
}

// TestEveryByte cuts a log of a server at each byte.
func TestEveryByte(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	root, dir := newStream(t)
	var block string
	sizeNow := func() int {
		info, err := os.Stat(block)
		if err != nil {
			t.Fatal(err)
		}
		return int(info.Size())
	}
	ends := []int{0} // of the appends, in the block
	withServer(t, root, func(s *jetstream.Store) {
		for _, n := range []int{1, 3, 2, 1, 5} {
			appendEvents(t, s, n)
			block = onlyBlock(t, dir)
			ends = append(ends, sizeNow())
		}
	})
	text, err := os.ReadFile(block)
	if err != nil {
		t.Fatal(err)
	}
	whole, record := 0, 0 // ends of the last whole append and record before the cut
	for size := range len(text) + 1 {
		if slices.Contains(ends, size) {
			whole, record = size, size
		}
		if size < len(text) && size >= record+fixedSize {
			if end := record + int(binary.LittleEndian.Uint32(text[record:])&^(1<<31)); end == size {
				record = end
			}
		}
		if err := os.WriteFile(block, text[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		takeBack(t, root)
		want := size // what is torn is left to the server
		if record > whole {
			want = whole
		}
		if got := sizeNow(); got != want {
			t.Fatalf("cut at byte %d, the block ends at %d, want %d", size, got, want)
		}
	}
}

const fixedSize = 22 // of a record without subject, headers and message

func onlyBlock(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "msgs", "*.blk"))
	if err != nil || len(found) != 1 {
		t.Fatalf("blocks: %v, %v", found, err)
	}
	return found[0]
}

// TestImport holds that what an import has under way is not taken back: its
// events are sound one by one.
func TestImport(t *testing.T) {
	root, dir := newStream(t)
	withServer(t, root, func(s *jetstream.Store) {
		b, err := s.Bulk(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		agg := event.Aggregate{Type: "compute", ID: uuid.New()}
		for i := range 50 {
			if _, err := b.Add(t.Context(), newEvent(agg, i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(b.Flush(t.Context()), b.Close()); err != nil {
			t.Fatal(err)
		}
	})
	block := onlyBlock(t, dir)
	text, err := os.ReadFile(block)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("Nats-Batch")) {
		t.Error("messages of an import say that they are of a batch")
	}
	for size := len(text); size > 0; size -= 97 {
		if err := os.WriteFile(block, text[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		if log := takeBack(t, root); log != "" {
			t.Fatalf("cut at byte %d: %s", size, log)
		}
	}
}

func newEvent(agg event.Aggregate, n int) event.Event {
	return event.Event{
		ID: uuid.New(), Aggregate: agg, Type: "status_changed", SchemaVersion: 1, Time: time.Unix(1_700_000_000, 0).UTC(),
		CorrelationID: agg.ID, Data: json.RawMessage(`{"n":` + strconv.Itoa(n) + `}`),
	}
}

func appendEvents(t *testing.T, s *jetstream.Store, n int) {
	t.Helper()
	agg := event.Aggregate{Type: "compute", ID: uuid.New()}
	events := make([]event.Event, n)
	for i := range events {
		events[i] = newEvent(agg, i)
	}
	if _, err := s.Append(t.Context(), agg, event.None(), events...); err != nil {
		t.Fatal(err)
	}
}
