package archive

import (
	"errors"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

// TestCrashAtEachOperation lets the machine stop at each operation that changes
// a file, in turn, loses a part of what was not synced, and goes on: first
// writing, then, in the same way, opening and writing again.
func TestCrashAtEachOperation(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	log := makeLog(40)
	for stop := 1; ; stop++ {
		fs := vfs.NewMem()
		a := mustOpen(t, fs, tiny)
		fs.StopAt(stop)
		err := follow(a, log)
		if !fs.Stopped() {
			if err != nil {
				t.Fatalf("follow: %v", err)
			}
			if stop < 30 {
				t.Fatalf("there were %d operations only", stop)
			}
			return
		}
		durable := sealedEnd(a)
		for seed := range uint64(2) {
			crashAndGoOn(t, fs, log, stop, seed, durable)
		}
	}
}

// sealedEnd returns the last position in a sealed segment.
func sealedEnd(a *Archive) event.Position {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if len(a.sealed) == 0 {
		return 0
	}
	return a.sealed[len(a.sealed)-1].next - 1
}

func crashAndGoOn(t *testing.T, fs *vfs.Mem, log sliceLog, stop int, seed uint64, durable event.Position) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, uint64(stop)))
	fs.Crash(rng)
	a := mustOpen(t, fs, tiny)
	hasPrefix(t, a, log)
	if a.Head() < durable {
		t.Fatalf("stop at %d, seed %d: head is %d, and position %d was sealed", stop, seed, a.Head(), durable)
	}
	fs.StopAt(rng.IntN(40) + 1)
	if err := follow(a, log); err != nil && !errors.Is(err, vfs.ErrCrashed) {
		t.Fatalf("stop at %d, seed %d: follow: %v", stop, seed, err)
	}
	fs.Crash(rng)
	a = mustOpen(t, fs, tiny)
	hasPrefix(t, a, log)
	fill(t, a, log)
	agree(t, a, log)
	mustClose(t, a)
}

// TestKillAtEachOperation ends the process at each operation that changes a
// file, in turn. Whatever was appended is still there.
func TestKillAtEachOperation(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	log := makeLog(40)
	for stop, stopped := 1, true; stopped; stop++ {
		fs := vfs.NewMem()
		a := mustOpen(t, fs, tiny)
		fs.StopAt(stop)
		err := follow(a, log)
		if stopped = fs.Stopped(); stopped != (err != nil) {
			t.Fatalf("stop at %d: %v", stop, err)
		}
		head := a.Head()
		fs.Kill()
		a = mustOpen(t, fs, tiny)
		hasPrefix(t, a, log)
		if a.Head() < head {
			t.Fatalf("stop at %d: head is %d, %d was reached before the kill", stop, a.Head(), head)
		}
		fill(t, a, log)
		agree(t, a, log)
		mustClose(t, a)
	}
}

// TestCrashWhileOpening lets the machine stop at each operation with which Open
// mends what an earlier crash, or kill, at each operation has left.
func TestCrashWhileOpening(t *testing.T) {
	log := makeLog(20)
	opens := 0
	for first, wrote := 1, true; wrote; first++ {
		for second, opened := 1, false; !opened; second++ {
			rng := rand.New(rand.NewPCG(uint64(first), 0))
			fs := vfs.NewMem()
			a := mustOpen(t, fs, tiny)
			fs.StopAt(first)
			_ = follow(a, log) // it crashed, or there was nothing left to do
			wrote = fs.Stopped()
			if first%2 == 0 {
				fs.Crash(rng)
			} else {
				fs.Kill()
			}
			fs.StopAt(second)
			a, err := open(fs, tiny)
			if opened = err == nil; !opened && !errors.Is(err, vfs.ErrCrashed) {
				t.Fatalf("stop at %d, opening at %d: %v", first, second, err)
			}
			if opens++; opened {
				continue
			}
			fs.Crash(rng)
			a = mustOpen(t, fs, tiny)
			hasPrefix(t, a, log)
			fill(t, a, log)
			agree(t, a, log)
			mustClose(t, a)
		}
	}
	if opens < 60 {
		t.Fatalf("there were %d openings only", opens)
	}
}

// TestCrashWhileHealing damages a segment and stops the machine within Heal.
func TestCrashWhileHealing(t *testing.T) {
	log := makeLog(60)
	rapid.Check(t, func(t *rapid.T) {
		fs := vfs.NewMem()
		a, err := open(fs, tiny)
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		if err := follow(a, log); err != nil {
			t.Fatalf("follow: %v", err)
		}
		name := rapid.SampledFrom(segmentFiles(t, fs)).Draw(t, "file")
		flip(t, fs, name, rapid.Float64Range(0, 1).Draw(t, "place"))
		fs.StopAt(rapid.IntRange(1, 12).Draw(t, "stop"))
		damage, err := a.Heal(t.Context())
		if damage == nil || err != nil && !errors.Is(err, vfs.ErrCrashed) {
			t.Fatalf("heal: %v, %v", damage, err)
		}
		fs.Crash(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
		opts := tiny
		opts.Heal = true
		if a, err = open(fs, opts); err != nil {
			t.Fatalf("open: %v", err)
		}
		if _, err := a.Heal(t.Context()); err != nil {
			t.Fatalf("heal again: %v", err)
		}
		hasPrefix(t, a, log)
		if err := follow(a, log); err != nil {
			t.Fatalf("follow: %v", err)
		}
		agree(t, a, log)
	})
}
