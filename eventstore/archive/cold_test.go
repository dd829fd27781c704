package archive

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

// chillAll compresses all sealed segments but the last.
func chillAll(a *Archive) (err error) {
	for failed := map[string]bool{}; err == nil; {
		s := a.warm(failed)
		if s == nil {
			return nil
		}
		err = a.compress(s)
	}
	return err
}

func coldFiles(t fataler, fs vfs.FS) (cold []string) {
	t.Helper()
	names, err := fs.List()
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".zst") {
			cold = append(cold, name)
		}
	}
	return cold
}

// What is compressed while it is written is read as it was, and takes less room.
func TestCompressed(t *testing.T) {
	dir := t.TempDir()
	opts := tiny
	opts.Compress, opts.SegmentBytes, opts.BlockEvents = true, 16<<10, 50
	log := makeLog(1200)
	a, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, a, log[:900])
	agree(t, a, log[:900])
	fill(t, a, log)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		cold, err := filepath.Glob(filepath.Join(dir, "*.zst"))
		if err != nil {
			t.Fatal(err)
		}
		if sealed := a.sealedNow(); len(cold) == len(sealed)-warmSegments {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d segments are compressed", len(cold), len(a.sealedNow()))
		}
	}
	agree(t, a, log)
	stats, err := a.Stats()
	if err != nil || stats.DiskBytes-stats.IndexBytes > stats.Bytes*2/3 {
		t.Errorf("%+v, %v", stats, err)
	}
	mustClose(t, a)

	opts.Compress = false
	if a, err = Open(dir, opts); err != nil {
		t.Fatal(err)
	}
	agree(t, a, log)
	mustClose(t, a)
}

func (a *Archive) sealedNow() []*sealed {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.sealed
}

// A compressed file of which a byte is another is an error or yields what was
// written, and is mended like any other.
func TestEachCompressedByteFlipped(t *testing.T) {
	log := makeLog(20)
	files := map[string][]byte{}
	fs := vfs.NewMem()
	a := mustOpen(t, fs, tiny)
	write(t, a, log)
	if err := chillAll(a); err != nil {
		t.Fatal(err)
	}
	mustClose(t, a)
	names, err := fs.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		files[name] = readFile(t, fs, name)
	}
	cold := coldFiles(t, fs)
	if len(cold) < 2 {
		t.Fatalf("files %v", names)
	}
	step := 1
	if testing.Short() {
		step = 13
	}
	found := 0
	for i := 0; i < len(files[cold[0]]); i += step {
		fs := vfs.NewMem()
		for name, b := range files {
			if _, err := fs.Create(name); err != nil {
				t.Fatal(err)
			}
			overwrite(t, fs, name, b)
		}
		b := append([]byte(nil), files[cold[0]]...)
		b[i] ^= 1 << (i % 8)
		overwrite(t, fs, cold[0], b)
		if detect(t, fs, log) {
			found++
		}
	}
	if all := (len(files[cold[0]]) + step - 1) / step; found < all*9/10 {
		t.Errorf("of %d damages %d were noticed", all, found)
	}
}

// Wherever the machine stops while segments are compressed, nothing is lost.
func TestCrashWhileCompressing(t *testing.T) {
	log := makeLog(60)
	for stop := 1; ; stop++ {
		fs := vfs.NewMem()
		a := mustOpen(t, fs, tiny)
		fill(t, a, log)
		durable := sealedEnd(a)
		fs.StopAt(stop)
		err := chillAll(a)
		if !fs.Stopped() {
			if err != nil || stop < 10 {
				t.Fatalf("after %d operations: %v", stop, err)
			}
			agree(t, a, log)
			return
		}
		if err == nil || !errors.Is(err, vfs.ErrCrashed) {
			t.Fatalf("stop at %d: %v", stop, err)
		}
		fs.Crash(rand.New(rand.NewPCG(uint64(stop), 1)))
		a = mustOpen(t, fs, tiny)
		hasPrefix(t, a, log)
		if a.Head() < durable {
			t.Fatalf("stop at %d: head is %d, and position %d was sealed", stop, a.Head(), durable)
		}
		if err := chillAll(a); err != nil {
			t.Fatalf("stop at %d: %v", stop, err)
		}
		fill(t, a, log)
		agree(t, a, log)
		mustClose(t, a)
	}
}

// Damage in a compressed segment is cut out of it: what is before it stays.
func TestHealCompressed(t *testing.T) {
	log := makeLog(60)
	fs := vfs.NewMem()
	a := mustOpen(t, fs, tiny)
	fill(t, a, log)
	first := a.sealedNow()[1]
	flip(t, fs, first.name(), 0.7)
	if err := chillAll(a); err != nil {
		t.Fatal(err)
	}
	if damage, err := a.Heal(t.Context()); damage == nil || err != nil {
		t.Fatalf("heal: %v, %v", damage, err)
	}
	if head := a.Head(); head < first.first || head >= first.next {
		t.Errorf("head %d, the damage was between %d and %d", head, first.first, first.next)
	}
	fill(t, a, log)
	agree(t, a, log)
	mustClose(t, a)
}
