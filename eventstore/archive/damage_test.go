package archive

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

func segmentFiles(t fataler, fs vfs.FS) []string {
	t.Helper()
	names, err := fs.List()
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	var out []string
	for _, name := range names {
		if strings.HasSuffix(name, segmentSuffix) {
			out = append(out, name)
		}
	}
	return out
}

func readFile(t fataler, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	size, err := f.Size()
	if err != nil {
		t.Fatalf("size: %v", err)
	}
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); n < len(b) || err != nil && !errors.Is(err, io.EOF) {
		t.Fatalf("read: %v", err)
	}
	return b
}

// overwrite replaces a file, for those too who have it open.
func overwrite(t fataler, fs vfs.FS, name string, b []byte) {
	t.Helper()
	if err := fs.Truncate(name, 0); err != nil {
		t.Fatalf("truncate: %v", err)
	}
	f, err := fs.Append(name)
	if err == nil {
		_, err = f.Write(b)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		t.Fatalf("write: %v", err)
	}
}

// flip changes the byte at a fraction of the file's length.
func flip(t fataler, fs vfs.FS, name string, place float64) {
	t.Helper()
	b := readFile(t, fs, name)
	b[min(int(place*float64(len(b))), len(b)-1)] ^= 0x41
	overwrite(t, fs, name, b)
}

// smallArchive is an archive of two sealed segments and an active one.
func smallArchive(t *testing.T, log sliceLog) *vfs.Mem {
	t.Helper()
	fs := vfs.NewMem()
	opts := tiny
	opts.SegmentBytes = 1200
	a := mustOpen(t, fs, opts)
	write(t, a, log)
	if n := len(segmentFiles(t, fs)); n != 3 {
		t.Fatalf("%d segments, want 3", n)
	}
	mustClose(t, a)
	return fs
}

// TestEachByteFlipped changes every byte of every file in turn.
func TestEachByteFlipped(t *testing.T) {
	eachDamage(t, func(whole []byte) int { return len(whole) }, func(whole []byte, i int) []byte {
		b := append([]byte(nil), whole...)
		b[i] ^= 1 << (i % 8)
		return b
	})
}

// TestEachLength cuts every file to every length.
func TestEachLength(t *testing.T) {
	eachDamage(t, func(whole []byte) int { return len(whole) }, func(whole []byte, i int) []byte { return whole[:i] })
}

func eachDamage(t *testing.T, count func(whole []byte) int, damaged func(whole []byte, i int) []byte) {
	log := makeLog(10)
	fs := smallArchive(t, log)
	names, err := fs.List()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		files[name] = readFile(t, fs, name)
	}
	step := 1
	if testing.Short() { // as under the race detector, from which this has nothing to hide
		step = 13
	}
	for _, name := range names {
		for i := 0; i < count(files[name]); i += step {
			fs := vfs.NewMem()
			for name, b := range files {
				if _, err := fs.Create(name); err != nil {
					t.Fatal(err)
				}
				overwrite(t, fs, name, b)
			}
			overwrite(t, fs, name, damaged(files[name], i))
			detected := detect(t, fs, log)
			if !detected {
				t.Fatalf("damage %d to %s was not detected", i, name)
			}
		}
	}
}

// detect opens a damaged archive, reads in all ways what must not be wrong,
// heals it, and fetches what is lost.
func detect(t *testing.T, fs *vfs.Mem, log sliceLog) (detected bool) {
	t.Helper()
	a, err := open(fs, tiny)
	if err != nil {
		detected = true
		wantDamage(t, err)
		opts := tiny
		opts.Heal = true
		a = mustOpen(t, fs, opts)
	}
	stats, err := a.Stats()
	if err != nil {
		t.Fatal(err)
	}
	detected = detected || stats.CutBytes > 0 || int(a.Head()) < len(log)
	if _, err := a.Verify(t.Context()); err != nil {
		detected = true
		wantDamage(t, err)
	}
	neverWrong(t, a, log)
	if _, err := a.Heal(t.Context()); err != nil {
		t.Fatalf("heal: %v", err)
	}
	fill(t, a, log)
	hasPrefix(t, a, log)
	mustClose(t, a)
	return detected
}

func wantDamage(t *testing.T, err error) {
	t.Helper()
	var damage *DamageError
	var format *FormatError
	if !errors.As(err, &damage) && !errors.As(err, &format) {
		t.Fatalf("error is %v, want a DamageError", err)
	}
}

// neverWrong reads an archive that may be damaged: what it yields is right, or
// an error.
func neverWrong(t *testing.T, a *Archive, log sliceLog) {
	t.Helper()
	log = log[:a.Head()].current(t, a)
	check := func(what string, want, got []event.Recorded, err error) {
		t.Helper()
		if err != nil {
			wantDamage(t, err)
			return
		}
		if d := diff(want, got); d != "" {
			t.Fatalf("%s yields wrong events:\n%s", what, d)
		}
	}
	got, err := a.ReadAll(1, len(log)+1)
	check("ReadAll", log, got, err)
	for i := range log {
		r := &log[i]
		got, err := a.ReadAll(r.Position, 1)
		check("ReadAll", log[i:i+1], got, err)
		got, err = a.Aggregate(r.Aggregate, 1)
		check("Aggregate", log.where(func(o *event.Recorded) bool { return o.Aggregate == r.Aggregate }), got, err)
		got, err = a.Correlation(r.CorrelationID)
		want := log.where(func(o *event.Recorded) bool { return o.CorrelationID == r.CorrelationID })
		sortByTime(want)
		check("Correlation", want, got, err)
		if at, ok, err := a.Find(r.ID); err == nil && (!ok || at != r.Position) {
			t.Fatalf("Find yields %d, %v, want %d", at, ok, r.Position)
		}
	}
	from, to := time.Unix(1_700_000_000, 0), time.Unix(1_700_000_050, 0)
	got, err = a.TimeRange(from, to)
	check("TimeRange", log.where(func(o *event.Recorded) bool { return !o.Time.Before(from) && !o.Time.After(to) }), got, err)
}

// TestHealUnderAFollower drops events while the log is followed: they are
// fetched again, and those who wait go on.
func TestHealUnderAFollower(t *testing.T) {
	log := makeLog(120)
	fs := vfs.NewMem()
	a := mustOpen(t, fs, tiny)
	live := &growing{log: log, until: make(chan int, 1)}
	live.until <- 60
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Follow(ctx, live) }()
	if err := a.Wait(ctx, 59); err != nil {
		t.Fatal(err)
	}
	flip(t, fs, segmentFiles(t, fs)[2], 0.5)
	damage, err := a.Heal(ctx)
	if damage == nil || err != nil {
		t.Fatalf("heal: %v, %v", damage, err)
	}
	if err := a.Wait(ctx, 59); err != nil { // with nothing new in the log
		t.Fatal(err)
	}
	live.until <- 120
	if err := a.Wait(ctx, 119); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatalf("follow: %v", err)
	}
	agree(t, a, log)
	mustClose(t, a)
}

// growing is a log whose followers see it grow to each length that is sent to
// until.
type growing struct {
	log    sliceLog
	until  chan int
	length atomic.Int64
}

func (g *growing) now() sliceLog { return g.log[:g.length.Load()] }

func (g *growing) Head(ctx context.Context) (event.Position, error) { return g.now().Head(ctx) }

func (g *growing) ReadAll(ctx context.Context, from event.Position, limit int) ([]event.Recorded, error) {
	return g.now().ReadAll(ctx, from, limit)
}

func (g *growing) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		for at := int(after); ; {
			if at < len(g.now()) {
				if !yield(g.log[at:at+1], nil) {
					return
				}
				at++
				continue
			}
			select {
			case n := <-g.until:
				g.length.Store(int64(n))
			case <-ctx.Done():
				return
			}
		}
	}
}
