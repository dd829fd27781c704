package archive

import (
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

func TestOneArchivePerDirectory(t *testing.T) {
	dir := t.TempDir()
	a, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if _, err := Open(dir, Options{}); !errors.As(err, &locked) || locked.Dir != dir {
		t.Errorf("a second archive was opened: %v", err)
	}
	if err := Reset(dir); !errors.As(err, &locked) {
		t.Errorf("an archive in use was reset: %v", err)
	}
	mustClose(t, a)
}

func TestAnotherCatalogIsReported(t *testing.T) {
	dir, log := t.TempDir(), makeLog(40)
	opts := tiny
	opts.Digest = [32]byte{1}
	for _, n := range []int{2, 40} { // an active segment only, and sealed ones
		a, err := Open(dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		fill(t, a, log[:n])
		mustClose(t, a)
		other := opts
		other.Digest = [32]byte{2}
		other.Heal = true
		_, err = Open(dir, other)
		var digest *DigestError
		if !errors.As(err, &digest) || *digest != (DigestError{Have: opts.Digest, Want: other.Digest}) {
			t.Fatalf("opening under another catalog: %v", err)
		}
	}
	if err := Reset(dir); err != nil {
		t.Fatal(err)
	}
	opts.Digest = [32]byte{2}
	a, err := Open(dir, opts)
	if err != nil || a.Head() != 0 {
		t.Fatalf("opening after a reset: %v", err)
	}
	fill(t, a, log)
	agree(t, a, log)
	mustClose(t, a)
}

func TestAnotherVersionIsReported(t *testing.T) {
	for _, n := range []int{3, 40} {
		fs := vfs.NewMem()
		a := mustOpen(t, fs, tiny)
		fill(t, a, makeLog(n))
		mustClose(t, a)
		b := readFile(t, fs, segmentName(1))
		le.PutUint16(b[hVersion:], 2)
		le.PutUint32(b[hChecksum:], checksum(b[hVersion:segmentHeaderSize]))
		overwrite(t, fs, segmentName(1), b)
		_, err := open(fs, tiny)
		var format *FormatError
		if !errors.As(err, &format) || *format != (FormatError{File: segmentName(1), Version: 2}) {
			t.Errorf("%d events: opening a newer format: %v", n, err)
		}
	}
}

// TestMissingFiles removes each file in turn.
func TestMissingFiles(t *testing.T) {
	log := makeLog(40)
	names, err := filledFiles(t, log).List()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		fs := filledFiles(t, log)
		if err := fs.Remove(name); err != nil {
			t.Fatal(err)
		}
		a, err := open(fs, tiny)
		if err != nil {
			wantDamage(t, err)
			opts := tiny
			opts.Heal = true
			a = mustOpen(t, fs, opts)
		}
		agree(t, a, log[:a.Head()])
		fill(t, a, log)
		agree(t, a, log)
		mustClose(t, a)
	}
}

func filledFiles(t *testing.T, log sliceLog) *vfs.Mem {
	t.Helper()
	fs := vfs.NewMem()
	a := mustOpen(t, fs, tiny)
	write(t, a, log)
	mustClose(t, a)
	return fs
}

func TestStats(t *testing.T) {
	dir, log := t.TempDir(), makeLog(100)
	a, err := Open(dir, tiny)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, a, log)
	got, err := a.Stats()
	if err != nil {
		t.Fatal(err)
	}
	want := Stats{Events: 100}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := parseName(e.Name(), segmentSuffix); ok {
			want.Segments++
			want.Bytes += info.Size()
		}
		if _, ok := parseName(e.Name(), indexSuffix); ok {
			want.IndexBytes += info.Size()
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("stats (-want +got):\n%s", d)
	}
	mustClose(t, a)
}
