package archive

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/catalog"
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
	mustClose(t, a)
}

func TestAnotherCatalogIsReported(t *testing.T) {
	dir, log := t.TempDir(), makeLog(40)
	opts := tiny
	opts.Catalog = changing("one")
	for _, n := range []int{2, 40} { // an active segment only, and sealed ones
		a, err := Open(dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		fill(t, a, log[:n])
		mustClose(t, a)
		other := opts
		other.Catalog = changing("two")
		other.Heal = true
		_, err = Open(dir, other)
		var digest *DigestError
		if !errors.As(err, &digest) || *digest != (DigestError{Have: opts.Catalog.Digest(), Want: other.Catalog.Digest()}) {
			t.Fatalf("opening under another catalog: %v", err)
		}
	}
}

// TestRebuild changes the catalog again and again: what was stored stays, and
// what is read follows the catalog.
func TestRebuild(t *testing.T) {
	log := makeLog(40)
	for _, n := range []int{0, 2, 40} {
		dir, opts := t.TempDir(), tiny
		a, err := Open(dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		fill(t, a, log[:n])
		mustClose(t, a)
		for _, c := range []*catalog.Catalog{changing("one"), nil, changing("two")} {
			opts.Catalog = c
			if err := Rebuild(t.Context(), dir, opts); err != nil {
				t.Fatal(err)
			}
			if a, err = Open(dir, opts); err != nil {
				t.Fatal(err)
			}
			agree(t, a, log[:n])
			mustClose(t, a)
		}
	}
}

// TestRebuildRefused keeps the archive as it is: the new catalog knows less
// than what is stored.
func TestRebuildRefused(t *testing.T) {
	log, dir := makeLog(40), t.TempDir()
	a, err := Open(dir, tiny)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, a, log)
	mustClose(t, a)
	older, err := catalog.New(catalog.Type{Name: "created", Version: 2, Upcasters: []catalog.Upcaster{{From: 1, Steps: []catalog.Step{catalog.Drop{Field: "note"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	opts := tiny
	opts.Catalog = older
	var newer *catalog.NewerSchemaError
	if err := Rebuild(t.Context(), dir, opts); !errors.As(err, &newer) || newer.Position != 3 {
		t.Errorf("rebuild: %v", err)
	}
	if a, err = Open(dir, tiny); err != nil {
		t.Fatal(err)
	}
	agree(t, a, log)
	mustClose(t, a)
	wantNames(t, dir)
}

// TestCrashWhileRebuilding leaves the folders as a crash would at each step of
// the exchange.
func TestCrashWhileRebuilding(t *testing.T) {
	log := makeLog(40)
	rebuilt := tiny
	rebuilt.Catalog = changing("new")
	fillDir := func(t *testing.T, dir string, opts Options) {
		a, err := Open(dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		fill(t, a, log)
		mustClose(t, a)
	}
	for name, c := range map[string]struct {
		old, made string // the names of the two
		want      Options
	}{
		"a new one half made":     {"", rebuildSuffix, tiny},
		"the old one moved away":  {replaced, rebuildSuffix, rebuilt},
		"the new one in place":    {replaced, "", rebuilt},
		"the new one's name lost": {replaced, ".elsewhere", tiny},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "archive")
			fillDir(t, dir+"-a", tiny)
			fillDir(t, dir+"-b", rebuilt)
			if err := errors.Join(os.Rename(dir+"-a", dir+c.old), os.Rename(dir+"-b", dir+c.made)); err != nil {
				t.Fatal(err)
			}
			a, err := Open(dir, c.want)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, a, log)
			mustClose(t, a)
			if err := Rebuild(t.Context(), dir, rebuilt); err != nil {
				t.Fatal(err)
			}
			_ = os.RemoveAll(dir + ".elsewhere")
			wantNames(t, dir)
		})
	}
}

// wantNames makes sure that a rebuild left nothing beside the archive.
func wantNames(t *testing.T, dir string) {
	t.Helper()
	beside, err := filepath.Glob(dir + ".*")
	if err != nil || len(beside) > 0 {
		t.Errorf("beside the archive there are %v, %v", beside, err)
	}
}

func TestAnotherVersionIsReported(t *testing.T) {
	for _, n := range []int{3, 40} {
		fs := vfs.NewMem()
		a := mustOpen(t, fs, tiny)
		fill(t, a, makeLog(n))
		mustClose(t, a)
		b := readFile(t, fs, segmentName(1))
		le.PutUint16(b[hVersion:], formatVersion+1)
		le.PutUint32(b[hChecksum:], checksum(b[hVersion:segmentHeaderSize]))
		overwrite(t, fs, segmentName(1), b)
		_, err := open(fs, tiny)
		var format *FormatError
		if !errors.As(err, &format) || *format != (FormatError{File: segmentName(1), Version: formatVersion + 1}) {
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
		want.DiskBytes += info.Size()
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
