package blockfiles

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// Flush makes a file's bytes, or a folder's names, durable: (*os.File).Sync,
// or what a test puts in its place.
type Flush func(*os.File) error

// Folder is the folder of one stream. Its methods are safe for concurrent use.
type Folder struct {
	dir   string
	root  string
	flush Flush

	mu     sync.Mutex
	began  bool // the stream's description and all of its older blocks are durable
	newest block
	failed error
}

// block is a block file that may still grow. It stays open, so that an error
// of writing it back is reported here, whoever else flushes it.
type block struct {
	index  int
	file   *os.File
	synced int64 // bytes
}

// NewFolder returns the stream's folder dir, somewhere below root. It need not
// exist yet.
func NewFolder(root, dir string, flush Flush) *Folder {
	return &Folder{dir: dir, root: root, flush: flush}
}

// Sync makes durable what is in the stream's files.
func (f *Folder) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed == nil {
		f.failed = f.sync()
	}
	return f.failed
}

func (f *Folder) sync() error {
	if !f.began {
		if err := f.begin(); err != nil {
			return err
		}
		f.began = true
	}
	before := f.newest.index
	if err := f.syncNewest(); err != nil {
		return err
	}
	for {
		next, err := f.openBlock(f.newest.index + 1)
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return err
		}
		// The block before was written out before this one was made, maybe
		// after it was flushed here.
		if err := errors.Join(f.syncNewest(), f.closeNewest()); err != nil {
			return errors.Join(err, next.file.Close())
		}
		f.newest = next
		if err := f.syncNewest(); err != nil {
			return err
		}
	}
	if f.newest.index > before {
		return f.flushPath(f.blocksDir())
	}
	return nil
}

// begin flushes all that is there: the stream's description, the names of the
// folders that lead to it, and each block, for who knows what the process
// before left unflushed. The newest block is looked up first, since it may go
// on to grow, and others may follow.
func (f *Folder) begin() error {
	last, err := f.lastBlock()
	if err != nil {
		return err
	}
	if err := flushTree(f.dir, f.flush); err != nil {
		return err
	}
	for at := f.dir; at != f.root; {
		at = filepath.Dir(at)
		if err := f.flushPath(at); err != nil {
			return err
		}
	}
	if last > 0 {
		f.newest, err = f.openBlock(last)
	}
	return err
}

// lastBlock returns the highest index of a block, 0 if there is none.
func (f *Folder) lastBlock() (int, error) {
	names, err := filepath.Glob(filepath.Join(f.blocksDir(), "*.blk"))
	last := 0
	for _, name := range names {
		base := filepath.Base(name)
		if n, err := strconv.Atoi(base[:len(base)-len(".blk")]); err == nil && base == blockName(n) {
			last = max(last, n)
		}
	}
	return last, err
}

func (f *Folder) blocksDir() string { return filepath.Join(f.dir, "msgs") }

func blockName(index int) string { return strconv.Itoa(index) + ".blk" }

func (f *Folder) openBlock(index int) (block, error) {
	file, err := openToFlush(filepath.Join(f.blocksDir(), blockName(index)))
	return block{index: index, file: file}, err
}

// syncNewest flushes the newest block if it has grown.
func (f *Folder) syncNewest() error {
	b := &f.newest
	if b.file == nil {
		return nil
	}
	info, err := b.file.Stat()
	if err != nil || info.Size() == b.synced {
		return err
	}
	current, err := os.Stat(b.file.Name())
	if err == nil && !os.SameFile(info, current) {
		err = fmt.Errorf("%s was replaced while it was in use", b.file.Name())
	}
	if err != nil {
		return err
	}
	if err := f.flush(b.file); err != nil {
		return err
	}
	b.synced = info.Size()
	return nil
}

func (f *Folder) closeNewest() error {
	if f.newest.file == nil {
		return nil
	}
	return f.newest.file.Close()
}

func (f *Folder) flushPath(path string) error { return FlushPath(path, f.flush) }

// Close releases the newest block. A later Sync returns an error.
func (f *Folder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.closeNewest()
	f.newest = block{}
	if f.failed == nil {
		f.failed = os.ErrClosed
	}
	return err
}
