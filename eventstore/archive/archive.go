package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

// Archive is a log's local copy. Its methods are safe for concurrent use; of
// several goroutines that append one writes at a time.
type Archive struct {
	opts  Options
	fs    vfs.Cold
	lock  io.Closer
	files *files

	writing sync.Mutex // held by who changes files
	encoder encoder
	buf     []byte        // of the last write
	last    memSize       // of the segment sealed last
	broken  error         // why nothing can be appended any more
	healed  chan struct{} // closed and replaced by each Heal that dropped events

	sealing chan struct{} // has one when a segment may be compressed
	closing chan struct{} // closed when nothing is to be compressed any more
	chilled chan struct{} // closed when nothing is

	stopChilling sync.Once

	mu     sync.RWMutex // guards what follows
	sealed []*sealed    // replaced, never changed in place
	active *active      // nil until something is appended
	head   event.Position
	grown  chan struct{} // closed and replaced when head grows, closed by Close
	closed bool
	cut    int64
	damage *DamageError // where Open cut, if it did
}

// Open opens the archive in a directory and makes it if it is missing. It reads
// the active segment in full, and of sealed ones header and seal. The errors
// are *LockedError, *DigestError, *FormatError and *DamageError where they say
// it all.
func Open(dir string, opts Options) (*Archive, error) {
	if err := finishRebuild(dir); err != nil {
		return nil, fmt.Errorf("opening the archive: %w", err)
	}
	fs, err := vfs.NewDisk(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the archive: %w", err)
	}
	a, err := open(fs, opts)
	if errors.Is(err, vfs.ErrLocked) {
		err = &LockedError{dir}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the archive in %s: %w", dir, err)
	}
	return a, nil
}

func open(dir vfs.FS, opts Options) (*Archive, error) {
	fs := vfs.Cold{FS: dir}
	lock, err := fs.Lock(lockName)
	if err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	a := &Archive{
		opts: opts, fs: fs, lock: lock, grown: make(chan struct{}), healed: make(chan struct{}),
		sealing: make(chan struct{}, 1), closing: make(chan struct{}), chilled: make(chan struct{}),
		files:   newFiles(fs, opts),
		encoder: encoder{maxEvents: opts.BlockEvents, maxBytes: opts.BlockBytes},
	}
	if err := a.recover(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	a.startChilling()
	return a, nil
}

// Close ends the archive: reads that are under way may finish, others and all
// waiting get ErrClosed. Closing twice is fine.
func (a *Archive) Close() error {
	a.stopChilling.Do(func() { close(a.closing) })
	<-a.chilled
	a.writing.Lock()
	defer a.writing.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil
	}
	a.closed = true
	close(a.grown)
	var err error
	if a.active != nil {
		err = a.active.file.Sync()
		a.active.release()
		a.active = nil
	}
	a.files.close()
	return errors.Join(err, a.lock.Close())
}

// Head returns the position of the last event, 0 if there is none.
func (a *Archive) Head() event.Position {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.head
}

// Wait returns when the archive has events after a position. The error is
// ErrClosed or the context's.
func (a *Archive) Wait(ctx context.Context, after event.Position) error {
	for {
		head, grown, err := a.watch()
		if err != nil || head > after {
			return err
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// watch returns the head and a channel that is closed when it grows.
func (a *Archive) watch() (event.Position, <-chan struct{}, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.closed {
		return 0, nil, ErrClosed
	}
	return a.head, a.grown, nil
}
