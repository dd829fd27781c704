package embedded_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

// platter is what a disk holds for certain: of each file the bytes that were
// there when it was flushed, of each folder the names.
type platter struct {
	mu    sync.Mutex
	bytes map[string]int64
	names map[string]map[string]bool
}

func (p *platter) flush(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	names := make(map[string]bool)
	if info.IsDir() {
		entries, err := os.ReadDir(f.Name())
		if err != nil {
			return err
		}
		for _, e := range entries {
			names[e.Name()] = true
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if info.IsDir() {
		p.names[f.Name()] = names
	} else {
		p.bytes[f.Name()] = info.Size()
	}
	return nil
}

// after copies what a power failure leaves of the folder from. Of what was not
// flushed luck may spare any part: the names if it says so, and of a file's
// bytes as many as it says.
func (p *platter) after(t *testing.T, from string, spareName func() bool, spareBytes func(int64) int64) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	to := t.TempDir()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the server has removed it meanwhile
		}
		if err != nil || path == from {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case !p.names[filepath.Dir(path)][d.Name()] && !spareName():
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return os.Mkdir(filepath.Join(to, rel), 0o700)
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		certain := min(p.bytes[path], int64(len(text)))
		return os.WriteFile(filepath.Join(to, rel), text[:certain+spareBytes(int64(len(text))-certain)], 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// TestPowerCut cuts the power while eight writers append, and looks for what
// they were told is stored. The log must also be sound: without holes, even
// where an index survived that knew of more messages than did, and with each
// append in full or not at all.
func TestPowerCut(t *testing.T) {
	luck := rand.New(rand.NewPCG(1, 2))
	fates := map[string]struct {
		name  func() bool
		bytes func(int64) int64
	}{
		"only what was flushed": {func() bool { return false }, func(int64) int64 { return 0 }},
		"and all names":         {func() bool { return true }, func(int64) int64 { return 0 }},
		"and part of the rest":  {func() bool { return true }, func(n int64) int64 { return luck.Int64N(n + 1) }},
	}
	for name, fate := range fates {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			disk := &platter{bytes: map[string]int64{}, names: map[string]map[string]bool{}}
			server := startServer(t, embedded.Options{Dir: dir}.WithFlush(disk.flush))
			var after string
			acknowledged := writeUntil(t, openStore(t, server), 150, func() {
				after = disk.after(t, dir, fate.name, fate.bytes)
			})
			aheadIndex(t, server, dir, after)
			restarted := openStore(t, startServer(t, embedded.Options{Dir: after}))
			wantStored(t, restarted, acknowledged)
			wantWholeAppends(t, restarted)
			if err := appendOne(t, restarted); err != nil {
				t.Fatal(err)
			}
			if _, err := eventstore.Verify(t.Context(), restarted); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// aheadIndex stops the server and gives the copy its last index, which knows
// more messages than the copy has.
func aheadIndex(t *testing.T, server *embedded.Server, dir, copied string) {
	t.Helper()
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	indexes, err := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", "*", "msgs", "index.db"))
	if err != nil || len(indexes) != 1 {
		t.Fatalf("indexes: %v, %v", indexes, err)
	}
	rel, err := filepath.Rel(dir, indexes[0])
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(indexes[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(copied, rel), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeUntil lets eight writers append, one event or three at a time, until
// they have stored count appends; then it cuts and goes on for a while. It
// returns the ids that were acknowledged before the cut, and where.
func writeUntil(t *testing.T, s *jetstream.Store, count int64, cut func()) map[uuid.UUID]event.Position {
	t.Helper()
	var mu sync.Mutex
	before := make(map[uuid.UUID]event.Position)
	var isCut atomic.Bool
	var appends atomic.Int64
	var wg sync.WaitGroup
	for writer := range 8 {
		agg := newAggregate()
		wg.Go(func() {
			for i := 0; appends.Load() < 2*count; i++ {
				size := 3
				if (i+writer)%4 > 0 {
					size = 1
				}
				events := newEvents(agg, size)
				correlation := uuid.New()
				for j := range events {
					events[j].CorrelationID, events[j].Data = correlation, json.RawMessage(`{"size":`+strconv.Itoa(size)+`}`)
				}
				at, err := s.Append(t.Context(), agg, event.Any(), events...)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for j := range events {
					if !isCut.Load() {
						before[events[j].ID] = at.Position - event.Position(len(events)-1-j)
					}
				}
				if appends.Add(1) == count {
					isCut.Store(true)
					cut()
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return before
}

// wantWholeAppends checks the log of writeUntil: the events of an append share a
// correlation and say how many they are.
func wantWholeAppends(t *testing.T, s *jetstream.Store) {
	t.Helper()
	all, err := s.ReadAll(t.Context(), 1, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	missing := make(map[uuid.UUID]int)
	for _, r := range all {
		var data struct{ Size int }
		if err := json.Unmarshal(r.Data, &data); err != nil || data.Size == 0 {
			t.Fatalf("data %s: %v", r.Data, err)
		}
		if _, found := missing[r.CorrelationID]; !found {
			missing[r.CorrelationID] = data.Size
		}
		missing[r.CorrelationID]--
	}
	for id, n := range missing {
		if n != 0 {
			t.Errorf("%d events of append %s are not stored, and the others are", n, id)
		}
	}
}

func wantStored(t *testing.T, s *jetstream.Store, want map[uuid.UUID]event.Position) {
	t.Helper()
	report, err := eventstore.Verify(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.ReadAll(t.Context(), 1, int(report.Through))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[uuid.UUID]event.Position)
	for _, r := range all {
		found[r.ID] = r.Position
	}
	lost := 0
	for id, at := range want {
		if found[id] != at {
			lost++
		}
	}
	if lost > 0 || len(want) == 0 {
		t.Fatalf("%d of %d acknowledged events are not where they were; the log has %d", lost, len(want), len(all))
	}
}
