package blockfiles_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/eventstore/jetstream/internal/blockfiles"
)

// disk flushes really, and notes what it flushed.
type disk struct {
	t       *testing.T
	root    string
	flushed []string
	err     error
}

func (d *disk) flush(f *os.File) error {
	if d.err != nil {
		return d.err
	}
	name, err := filepath.Rel(d.root, f.Name())
	if err != nil {
		d.t.Fatal(err)
	}
	d.flushed = append(d.flushed, filepath.ToSlash(name))
	return f.Sync()
}

// wantFlushed checks what has been flushed since the last call.
func (d *disk) wantFlushed(want ...string) {
	d.t.Helper()
	if diff := cmp.Diff(want, d.flushed); diff != "" {
		d.t.Errorf("flushed files (-want +got):\n%s", diff)
	}
	d.flushed = nil
}

func (d *disk) write(name, text string) {
	d.t.Helper()
	path := filepath.Join(d.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		d.t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		d.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		d.t.Fatal(err)
	}
}

func block(n int) string { return "a/s/msgs/" + strconv.Itoa(n) + ".blk" }

func open(t *testing.T) (*disk, *blockfiles.Folder) {
	d := &disk{t: t, root: t.TempDir()}
	d.write("a/s/meta.inf", "meta")
	d.write(block(1), "old")
	d.write(block(2), "newer")
	f := blockfiles.NewFolder(d.root, filepath.Join(d.root, "a", "s"), d.flush)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, f
}

func syncFolder(t *testing.T, f *blockfiles.Folder) {
	t.Helper()
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
}

// TestSync holds invariant 1 while a stream grows.
func TestSync(t *testing.T) {
	d, f := open(t)
	syncFolder(t, f)
	d.wantFlushed("a/s", "a/s/meta.inf", "a/s/msgs", block(1), block(2), "a", ".", block(2))
	syncFolder(t, f)
	d.wantFlushed()
	d.write(block(2), "more")
	syncFolder(t, f)
	d.wantFlushed(block(2))
	d.write(block(2), "the last of it")
	d.write(block(3), "in full")
	d.write(block(4), "begun")
	syncFolder(t, f)
	d.wantFlushed(block(2), block(3), block(4), "a/s/msgs")
	d.write(block(4), "more")
	syncFolder(t, f)
	d.wantFlushed(block(4))
}

func TestSyncOfAnEmptyStream(t *testing.T) {
	d := &disk{t: t, root: t.TempDir()}
	d.write("s/meta.inf", "meta")
	if err := os.Mkdir(filepath.Join(d.root, "s", "msgs"), 0o700); err != nil {
		t.Fatal(err)
	}
	f := blockfiles.NewFolder(d.root, filepath.Join(d.root, "s"), d.flush)
	syncFolder(t, f)
	d.wantFlushed("s", "s/meta.inf", "s/msgs", ".")
	d.write("s/msgs/1.blk", "first")
	syncFolder(t, f)
	d.wantFlushed("s/msgs/1.blk", "s/msgs")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); !errors.Is(err, os.ErrClosed) {
		t.Fatalf("a flush after close: %v", err)
	}
}

// TestFailedFlushIsFinal holds invariant 2.
func TestFailedFlushIsFinal(t *testing.T) {
	d, f := open(t)
	syncFolder(t, f)
	d.write(block(2), "more")
	broken := errors.New("input/output error")
	d.err = broken
	if err := f.Sync(); !errors.Is(err, broken) {
		t.Fatalf("the flush that went wrong: %v", err)
	}
	d.err = nil
	d.write(block(2), "more")
	if err := f.Sync(); !errors.Is(err, broken) {
		t.Fatalf("the flush after it: %v", err)
	}
}

// TestReplacedBlock: a descriptor of a file that has lost its name proves
// nothing about the one that has it now.
func TestReplacedBlock(t *testing.T) {
	d, f := open(t)
	syncFolder(t, f)
	d.write(block(2), "more")
	d.write("copy", "another file")
	if err := os.Rename(filepath.Join(d.root, "copy"), filepath.Join(d.root, block(2))); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err == nil {
		t.Fatal("a block was replaced, and the flush went on")
	}
}

func TestIndexes(t *testing.T) {
	d := &disk{t: t, root: t.TempDir()}
	index, other := "a/s/msgs/index.db", "a/s/other/index.db"
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(d.root, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return err == nil
	}
	drop := func() (clean bool) {
		t.Helper()
		clean, err := blockfiles.DropIndexes(d.root, d.flush)
		if err != nil {
			t.Fatal(err)
		}
		return clean
	}
	d.write(index, "index")
	d.write(other, "no index of a stream")
	if err := blockfiles.MarkClean(d.root, d.flush); err != nil {
		t.Fatal(err)
	}
	d.wantFlushed(".", "a", "a/s", "a/s/msgs", index, "a/s/other", other, "refold.clean", ".")
	if !blockfiles.Clean(d.root) {
		t.Error("the mark is not seen")
	}
	if !drop() || !exists(index) || blockfiles.Clean(d.root) {
		t.Fatal("the index of a server that stopped in order was removed")
	}
	if drop() || exists(index) || !exists(other) {
		t.Fatal("without a mark the index must go, and nothing else")
	}
}
