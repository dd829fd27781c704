package engine

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
)

// Snapshots are for time travel: copies of what was stored at some position, from which a
// state between two of them is folded.
const (
	// snapshotShare bounds what making them takes, as a part of the time that passes.
	snapshotShare = 1.0 / 50
	// newSnapshots are the latest, which stay where there are too many: of the older ones
	// every second goes.
	newSnapshots = 8
)

// snapshots are the files of a pipeline's snapshots. One at a time is made, beside
// whoever folds.
type snapshots struct {
	dir    string
	logger *slog.Logger
	// known are the generations that there are.
	known func() ([]uint64, error)

	made sync.WaitGroup // those that are being made

	making sync.Mutex     // held while one is made; it guards what is below
	every  event.Position // the least number of events between two
	keep   int            // bounds how many there are, of all generations
	bytes  int64          // bounds what they take
	last   event.Position // of the last one
	next   time.Time      // before which none is made
}

func snapshotsPath(dir, pipeline string) string { return filepath.Join(dir, pipeline, "snapshots") }

// snapshotFile is one of them.
type snapshotFile struct {
	path       string
	generation uint64
	position   event.Position
	size       int64
}

const snapshotFormat = "g%d-%020d.zst"

// list are the snapshots that there are, by generation and position. What else is in the
// folder does not count.
func (s *snapshots) list() (all []snapshotFile, err error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		f := snapshotFile{path: filepath.Join(s.dir, e.Name())}
		if _, err := fmt.Sscanf(e.Name(), snapshotFormat, &f.generation, &f.position); err != nil || e.Name() != fmt.Sprintf(snapshotFormat, f.generation, f.position) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // it has just gone
		}
		f.size = info.Size()
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b snapshotFile) int {
		return cmp.Or(cmp.Compare(a.generation, b.generation), cmp.Compare(a.position, b.position))
	})
	return all, nil
}

// follow has what a pipeline declares hold from now on.
func (s *snapshots) follow(declared *config.Snapshots, o *Options) {
	s.making.Lock()
	defer s.making.Unlock()
	s.every, s.keep, s.bytes = event.Position(declared.Between()), declared.Kept(), declared.Size()
	if declared.Every == 0 && o.SnapshotEvery > 0 {
		s.every = event.Position(o.SnapshotEvery)
	}
}

// consider has a snapshot made of what has just been stored, if it is time for one. What
// goes wrong with that stops nobody.
func (s *snapshots) consider(kept *checkpoint.Generation) {
	if s == nil || !s.making.TryLock() {
		return
	}
	at := kept.Mark().Position
	if at < s.last { // of another generation
		s.last = 0
	}
	if s.keep == 0 || at < s.last+s.every || time.Now().Before(s.next) {
		s.making.Unlock()
		return
	}
	s.made.Go(func() {
		defer s.making.Unlock()
		began := time.Now()
		written, err := s.write(kept)
		if err = errors.Join(err, s.prune()); err != nil {
			s.logger.Warn("making a snapshot for time travel", "position", uint64(at), "error", err)
		}
		s.last = max(at, written)
		s.next = began.Add(time.Duration(float64(time.Since(began)) / snapshotShare))
	})
}

// write writes what is stored beside, and gives it its name when it is whole.
func (s *snapshots) write(kept *checkpoint.Generation) (at event.Position, err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return 0, err
	}
	f, err := os.CreateTemp(s.dir, "*.tmp")
	if err != nil {
		return 0, err
	}
	m, err := kept.Export(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(s.dir, fmt.Sprintf(snapshotFormat, kept.Number(), m.Position)))
	}
	if err != nil {
		return 0, errors.Join(err, os.Remove(f.Name()))
	}
	return m.Position, nil
}

// prune removes the snapshots of generations that are no more, and, where there are too
// many, every second one of the older.
func (s *snapshots) prune() error {
	known, err := s.known()
	if err != nil {
		return err
	}
	all, err := s.list()
	if err != nil {
		return err
	}
	var errs []error
	var left []snapshotFile
	size := int64(0)
	for _, f := range all {
		if !slices.Contains(known, f.generation) {
			errs = append(errs, os.Remove(f.path))
			continue
		}
		left, size = append(left, f), size+f.size
	}
	if s.keep == 0 {
		for _, f := range left {
			errs = append(errs, os.Remove(f.path))
		}
		return errors.Join(errs...)
	}
	for len(left) > 1 && (len(left) > s.keep || size > s.bytes) {
		var kept []snapshotFile
		newest := min(newSnapshots, len(left)/2)
		for i, f := range left {
			if i%2 == 0 && i < len(left)-newest {
				errs = append(errs, os.Remove(f.path))
				size -= f.size
				continue
			}
			kept = append(kept, f)
		}
		left = kept
	}
	return errors.Join(errs...)
}

// wait waits until none is being made.
func (s *snapshots) wait() {
	if s != nil {
		s.made.Wait()
	}
}

// before are a generation's snapshots up to a position, the last one first.
func (s *snapshots) before(generation uint64, at event.Position) ([]snapshotFile, error) {
	all, err := s.list()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(f snapshotFile) bool { return f.generation != generation || f.position > at })
	slices.Reverse(all)
	return all, nil
}
