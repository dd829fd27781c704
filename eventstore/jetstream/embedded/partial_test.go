package embedded_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

// cutLog is a log whose last append is one of three events, as it was on disk
// before that append and after it.
type cutLog struct {
	dir          string
	acknowledged map[uuid.UUID]event.Position // without the last append
	last         []event.Event
	before       int64  // bytes of the block before the last append
	block        []byte // with it
}

func newCutLog(t *testing.T) *cutLog {
	t.Helper()
	l := &cutLog{dir: t.TempDir(), acknowledged: map[uuid.UUID]event.Position{}}
	server := startServer(t, embedded.Options{Dir: l.dir})
	s := openStore(t, server)
	appendSome := func(n int) []event.Event {
		agg := newAggregate()
		events := newEvents(agg, n)
		at, err := s.Append(t.Context(), agg, event.None(), events...)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range events {
			l.acknowledged[e.ID] = at.Position - event.Position(n-1-i)
		}
		return events
	}
	appendSome(1)
	appendSome(4)
	appendSome(1)
	appendSome(2) // the last one but one must stay
	l.before = int64(len(l.readBlock(t)))
	l.last = appendSome(3)
	for _, e := range l.last {
		delete(l.acknowledged, e.ID)
	}
	l.block = l.readBlock(t)
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	return l
}

func newEvents(agg event.Aggregate, n int) []event.Event {
	events := make([]event.Event, n)
	for i := range events {
		events[i] = newEvent(agg)
	}
	return events
}

const blockGlob = "jetstream/*/streams/*/msgs/*.blk"

func (l *cutLog) readBlock(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(onlyFile(t, l.dir, blockGlob))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func onlyFile(t *testing.T, dir, glob string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(glob)))
	if err != nil || len(found) != 1 {
		t.Fatalf("files %s: %v, %v", glob, found, err)
	}
	return found[0]
}

// failure copies the log as a power failure leaves it, with these bytes in its
// block: without the mark of an end in order.
func (l *cutLog) failure(t *testing.T, block []byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(l.dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "refold.clean")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(onlyFile(t, dir, blockGlob), block, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// wantWholeOrNone starts a server over dir and returns how many events of the
// last append the log has: all or none.
func (l *cutLog) wantWholeOrNone(t *testing.T, dir string) int {
	t.Helper()
	server := startServer(t, embedded.Options{Dir: dir})
	s := openStore(t, server)
	wantStored(t, s, l.acknowledged)
	all, err := s.ReadAll(t.Context(), 1, 100)
	if err != nil {
		t.Fatal(err)
	}
	found := len(all) - len(l.acknowledged)
	if found != 0 && found != len(l.last) {
		t.Errorf("%d of %d events of one append are stored", found, len(l.last))
	}
	if err := appendOne(t, s); err != nil {
		t.Fatal(err)
	}
	if _, err := eventstore.Verify(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	return found
}

// stepVar says how many bytes lie between two cuts of TestAppendIsWhole. What
// is done to the files is tested at every byte in internal/unfinished; that the
// server agrees is tested here, at 1 for minutes.
const stepVar = "REFOLD_TEST_CUT_STEP"

// TestAppendIsWhole cuts the power within the last append: its block ends
// there, or is zeros from there on.
func TestAppendIsWhole(t *testing.T) {
	l := newCutLog(t)
	step := 41
	if n, err := strconv.Atoi(os.Getenv(stepVar)); err == nil {
		step = n
	}
	for end := int(l.before); end < len(l.block)+step; end += step {
		end = min(end, len(l.block))
		want := 0
		if end == len(l.block) {
			want = len(l.last)
		}
		if n := l.wantWholeOrNone(t, l.failure(t, l.block[:end])); n != want {
			t.Errorf("with %d bytes of %d: %d events of the append, want %d", end, len(l.block), n, want)
		}
		if end%7 != 0 || end == len(l.block) {
			continue
		}
		zeros := append(bytes.Clone(l.block[:end]), make([]byte, len(l.block)-end)...)
		if n := l.wantWholeOrNone(t, l.failure(t, zeros)); n != 0 {
			t.Errorf("with zeros from byte %d: %d events of the append", end, n)
		}
		if t.Failed() {
			return
		}
	}
}

// TestFollowersSeeWholeAppends begins to follow while an append is being
// stored, and cuts the power when it gets the first events of it: what it got
// must be there after.
func TestFollowersSeeWholeAppends(t *testing.T) {
	dir := t.TempDir()
	disk := &platter{bytes: map[string]int64{}, names: map[string]map[string]bool{}}
	server := startServer(t, embedded.Options{Dir: dir}.WithFlush(func(f *os.File) error {
		err := disk.flush(f)
		time.Sleep(5 * time.Millisecond) // a disk; what comes meanwhile waits for the next flush
		return err
	}))
	writer := openStore(t, server)
	reader, err := jetstream.Open(t.Context(), jetstream.Config{URL: server.URL(), Token: server.Token(), MaxBatch: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	const size, appends = 1000, 8
	within := 0
	for i := range appends {
		before := event.Position(i * size)
		var done sync.WaitGroup
		agg := newAggregate()
		done.Go(func() {
			if _, err := writer.Append(t.Context(), agg, event.None(), newEvents(agg, size)...); err != nil {
				t.Error(err)
			}
		})
		head := before
		for head == before && !t.Failed() {
			if head, err = reader.Head(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if head%size > 0 {
			within++
		}
		after, seen := disk.cutAtFirst(t, dir, reader, before)
		done.Wait()
		restarted, err := openStore(t, startServer(t, embedded.Options{Dir: after})).Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if restarted < seen || restarted%size != 0 {
			t.Errorf("a follower saw position %d, and after a power cut the log ends at %d", seen, restarted)
		}
	}
	t.Logf("%d of %d followers began within an append", within, appends)
}

// cutAtFirst follows the log until it gets events, and returns what a power
// failure leaves at that moment, and the last position it got.
func (p *platter) cutAtFirst(t *testing.T, dir string, s *jetstream.Store, after event.Position) (left string, seen event.Position) {
	t.Helper()
	for batch, err := range s.Follow(t.Context(), after) {
		if err != nil {
			t.Fatal(err)
		}
		return p.after(t, dir, func() bool { return false }, func(int64) int64 { return 0 }), batch[len(batch)-1].Position
	}
	t.Fatal("the follower ended")
	return "", 0
}

// TestAppendOverTwoBlocks cuts the power within an append that lies in two
// blocks: behind it, in the midst of the second one, and in front of that.
func TestAppendOverTwoBlocks(t *testing.T) {
	dir := t.TempDir()
	server := startServer(t, embedded.Options{Dir: dir})
	s := openStore(t, server)
	if err := appendOne(t, s); err != nil {
		t.Fatal(err)
	}
	agg := newAggregate()
	events := newEvents(agg, 900)
	for i := range events {
		events[i].Data = json.RawMessage(`{"text":"` + strings.Repeat("x", 10_000) + `"}`)
	}
	if _, err := s.Append(t.Context(), agg, event.None(), events...); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), server.Close(), os.Remove(filepath.Join(dir, "refold.clean"))); err != nil {
		t.Fatal(err)
	}
	second := onlyFile(t, dir, "jetstream/*/streams/*/msgs/2.blk")
	info, err := os.Stat(second)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		end  int64 // of the second block
		want event.Position
	}{{info.Size(), 901}, {info.Size() - 1, 1}, {info.Size() / 2, 1}, {10, 1}, {0, 1}} {
		after := t.TempDir()
		if err := os.CopyFS(after, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(onlyFile(t, after, "jetstream/*/streams/*/msgs/2.blk"), c.end); err != nil {
			t.Fatal(err)
		}
		restarted := openStore(t, startServer(t, embedded.Options{Dir: after}))
		if err := appendOne(t, restarted); err != nil {
			t.Fatal(err)
		}
		if report, err := eventstore.Verify(t.Context(), restarted); err != nil || report.Through != c.want+1 {
			t.Errorf("with %d bytes of %d in the second block the log ended at %d, want %d; %v", c.end, info.Size(), report.Through-1, c.want, err)
		}
	}
}
