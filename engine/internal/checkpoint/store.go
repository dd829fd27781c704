package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/internal/root"
)

var (
	keyActive     = []byte("active")
	keyActivating = []byte("activating")
	keyKeeping    = []byte("keeping")
	keyMark       = []byte("mark")
	keySnapshot   = []byte("snapshot")
	bucketRoot    = []byte("pipeline 2")
	bucketKeys    = []byte("keys")
)

// Mark says how far a generation is.
type Mark struct {
	// Position is the last position that the states include.
	Position event.Position `json:"position"`
	// Delivered and Filtered count the events up to Position that the
	// projection folded, and those that its source leaves out; Parked those that
	// wait, and DeadLettered those that were left out for good.
	Delivered    uint64 `json:"delivered"`
	Filtered     uint64 `json:"filtered"`
	Parked       uint64 `json:"parked,omitempty"`
	DeadLettered uint64 `json:"dead_lettered,omitempty"`
	// Identity is the digest of all that the states depend on besides the log;
	// Module, a part of it, is that of the projection's code.
	Identity string `json:"identity"`
	Module   string `json:"module"`
	// Effects is the running hash of all effects up to Position.
	Effects root.Effects `json:"effects,omitzero"`
}

// Store is the file of one pipeline. It is safe for concurrent use.
type Store struct {
	path string

	mu   sync.RWMutex
	db   *bbolt.DB // nil: the file is shut
	shut error     // why
}

// errUnopened is why a file is shut that nobody has opened.
var errUnopened = errors.New("the pipeline's state has not been opened")

// At is the file at a path, shut: what is asked of it is an error, until Reopen opens it.
func At(path string) *Store { return &Store{path: path, shut: errUnopened} }

// Open opens the pipeline's file and makes it, and its folder, if it is not
// there. A file that another process has open is an error after a second, and
// one whose pages are damaged a *DamageError. All of them are read.
func Open(path string) (*Store, error) {
	s := At(path)
	if err := s.Reopen(); err != nil {
		return nil, err
	}
	return s, nil
}

// Reopen opens the file, as Open does, where it is shut. If it cannot be opened it stays so,
// because of the error.
func (s *Store) Reopen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db != nil {
		return nil
	}
	s.shut = s.open()
	return s.shut
}

func (s *Store) open() error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return fmt.Errorf("making the folder of the pipeline's state: %w", err)
	}
	if err := check(s.path); err != nil {
		return err
	}
	db, err := bbolt.Open(s.path, 0o600, &bbolt.Options{Timeout: lockTimeout, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return openError(s.path, err)
	}
	if err := s.prepare(db); err != nil {
		return errors.Join(openError(s.path, err), db.Close())
	}
	s.db = db
	return nil
}

// Shut closes the file, because of an error which what is asked of it is from now on. Of a
// file that is shut already that error stays what it was.
func (s *Store) Shut(because error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil {
		return nil
	}
	db := s.db
	s.db, s.shut = nil, because
	return db.Close()
}

// WhyShut is why the file is shut; nil while it is open.
func (s *Store) WhyShut() error {
	_, err := s.opened()
	return err
}

// Close closes the file. Closing twice is fine.
func (s *Store) Close() error { return s.Shut(bbolterrors.ErrDatabaseNotOpen) }

// opened is the file, if it is open. Nobody is kept from closing it meanwhile.
func (s *Store) opened() (*bbolt.DB, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.db, s.shut
}

func (s *Store) view(fn func(*bbolt.Tx) error) error {
	db, err := s.opened()
	if err != nil {
		return err
	}
	return db.View(fn)
}

func (s *Store) update(fn func(*bbolt.Tx) error) error {
	db, err := s.opened()
	if err != nil {
		return err
	}
	return db.Update(fn)
}

// OpenScratch opens a new file that is not to outlive the process: nothing waits until
// it is on disk.
func OpenScratch(path string) (*Store, error) {
	s, err := Open(path)
	if err == nil {
		s.db.NoSync = true
	}
	return s, err
}

// prepare makes what a new file lacks; it does not write to one that lacks
// nothing.
func (s *Store) prepare(db *bbolt.DB) error {
	var prepared bool
	err := db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
			if !bytes.Equal(name, bucketRoot) {
				return s.damaged("it has %q, which this version of the program does not write", name)
			}
			prepared = true
			return nil
		})
	})
	if err != nil {
		return err
	}
	if prepared {
		return s.checkNumbers(db)
	}
	return db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucketRoot)
		return err
	})
}

// checkNumbers makes sure that the generations are those which the file says
// there are.
func (s *Store) checkNumbers(db *bbolt.DB) error {
	return db.View(func(tx *bbolt.Tx) error {
		root := tx.Bucket(bucketRoot)
		if root == nil { // it has the name, and is no bucket any more
			return s.damaged("its %q holds nothing", bucketRoot)
		}
		if err := s.checkKeys(root); err != nil {
			return err
		}
		all, err := s.generations(root)
		if err != nil {
			return err
		}
		active, err := s.number(root, keyActive)
		if err != nil {
			return err
		}
		activating, err := s.number(root, keyActivating)
		switch {
		case err != nil:
			return err
		case len(all) > 0 && (active == 0 || all[len(all)-1] > root.Sequence()),
			active > 0 && !slices.Contains(all, active), activating > 0 && !slices.Contains(all, activating):
			return s.damaged("of the generations %v up to %d, %d is active and %d to be", all, root.Sequence(), active, activating)
		}
		return nil
	})
}

// checkKeys refuses what nobody writes: a key that is not what it was would be
// missed under its own name.
func (s *Store) checkKeys(root *bbolt.Bucket) error {
	return root.ForEach(func(key, value []byte) error {
		if value == nil || slices.ContainsFunc([][]byte{keyActive, keyActivating, keyKeeping, keyLife, keyRollback}, func(known []byte) bool { return bytes.Equal(key, known) }) {
			return nil
		}
		return s.damaged("it has %q, which this version of the program does not write", key)
	})
}

func (s *Store) damaged(format string, args ...any) error {
	return &DamageError{s.path, fmt.Sprintf(format, args...)}
}

// Generations says which generation is active and which is on its way to be;
// 0 for none.
func (s *Store) Generations() (active, activating uint64, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		root := tx.Bucket(bucketRoot)
		if active, err = s.number(root, keyActive); err != nil {
			return err
		}
		activating, err = s.number(root, keyActivating)
		return err
	})
	return active, activating, err
}

// All lists the generations that there are, in ascending order.
func (s *Store) All() (list []uint64, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		list, err = s.generations(tx.Bucket(bucketRoot))
		return err
	})
	return list, err
}

func (s *Store) generations(root *bbolt.Bucket) (list []uint64, err error) {
	err = root.ForEachBucket(func(name []byte) error {
		if len(name) != len(bucketName(0)) || name[0] != 'g' {
			return s.damaged("%q is no generation", name)
		}
		list = append(list, binary.BigEndian.Uint64(name[1:]))
		return nil
	})
	return list, err
}

// Create makes an empty generation behind all that there ever were and returns
// it. The first one is active at once.
func (s *Store) Create(identity, module string, d Declaration) (*Generation, error) {
	g := &Generation{store: s, kept: contents{Mark: Mark{Identity: identity, Module: module}, Proof: &proof{}}}
	err := s.update(func(tx *bbolt.Tx) (err error) {
		root := tx.Bucket(bucketRoot)
		if g.number, err = root.NextSequence(); err != nil {
			return err
		}
		b, err := root.CreateBucket(bucketName(g.number))
		if err != nil {
			return err
		}
		if root.Get(keyActive) == nil {
			if err := putNumber(root, keyActive, g.number); err != nil {
				return err
			}
		}
		if _, err := b.CreateBucket(bucketKeys); err != nil {
			return err
		}
		if err := putNote(b, keyDeclaration, &d); err != nil {
			return err
		}
		return putMark(b, g.kept)
	})
	if err != nil {
		return nil, fmt.Errorf("making a generation: %w", err)
	}
	return g, nil
}

// Reserve has generations up to a number belong to others: those to come are behind.
func (s *Store) Reserve(through uint64) error {
	err := s.update(func(tx *bbolt.Tx) error {
		root := tx.Bucket(bucketRoot)
		return root.SetSequence(max(root.Sequence(), through))
	})
	if err != nil {
		return fmt.Errorf("leaving the generations up to %d to others: %w", through, err)
	}
	return nil
}

// Generation returns an existing generation.
func (s *Store) Generation(generation uint64) (*Generation, error) {
	g := &Generation{store: s, number: generation}
	err := s.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketRoot).Bucket(bucketName(generation))
		if b == nil {
			return errors.New("it does not exist")
		}
		return g.readMark(b)
	})
	if err != nil {
		return nil, fmt.Errorf("reading generation %d: %w", generation, err)
	}
	return g, nil
}

// BeginActivation notes that the sinks are about to make generation active, so
// that a crash in between can be mended by doing it again, and whether the one before is
// to be kept then.
func (s *Store) BeginActivation(generation uint64, keep bool) error {
	return s.update(func(tx *bbolt.Tx) error {
		root := tx.Bucket(bucketRoot)
		before, err := s.number(root, keyActive)
		if err != nil {
			return err
		}
		if keep && before != generation {
			err = putNumber(root, keyKeeping, before)
		} else {
			err = root.Delete(keyKeeping)
		}
		return errors.Join(err, putNumber(root, keyActivating, generation))
	})
}

// FinishActivation makes generation active. The one before, if it is to be kept, is noted
// to have served until now.
func (s *Store) FinishActivation(generation uint64, now time.Time) error {
	return s.update(func(tx *bbolt.Tx) error {
		root := tx.Bucket(bucketRoot)
		b := root.Bucket(bucketName(generation))
		if b == nil {
			return fmt.Errorf("activating generation %d: it does not exist", generation)
		}
		keeping, err := s.number(root, keyKeeping)
		if err != nil {
			return err
		}
		if before := root.Bucket(bucketName(keeping)); before != nil {
			err = putNote(before, keyServed, &now)
		}
		return errors.Join(err, b.Delete(keyServed), root.Delete(keyActivating), root.Delete(keyKeeping),
			putNumber(root, keyActive, generation))
	})
}

// ForgetServed has no generation be one that has served, and is kept.
func (s *Store) ForgetServed() error {
	return s.update(func(tx *bbolt.Tx) error {
		root := tx.Bucket(bucketRoot)
		return root.ForEachBucket(func(name []byte) error { return root.Bucket(name).Delete(keyServed) })
	})
}

// Drop removes a generation that is neither active nor on its way to be. One
// that does not exist is fine.
func (s *Store) Drop(generation uint64) error {
	return s.update(func(tx *bbolt.Tx) error {
		root := tx.Bucket(bucketRoot)
		active, err := s.number(root, keyActive)
		if err != nil {
			return err
		}
		activating, err := s.number(root, keyActivating)
		if err != nil {
			return err
		}
		if active == generation || activating == generation {
			return fmt.Errorf("dropping generation %d: it is active", generation)
		}
		if root.Bucket(bucketName(generation)) == nil {
			return nil
		}
		return root.DeleteBucket(bucketName(generation))
	})
}

func putNumber(root *bbolt.Bucket, key []byte, n uint64) error {
	return root.Put(key, seal(key, binary.BigEndian.AppendUint64(nil, n)))
}

// number is what putNumber has stored, or 0.
func (s *Store) number(root *bbolt.Bucket, key []byte) (uint64, error) {
	sealed := root.Get(key)
	if sealed == nil {
		return 0, nil
	}
	value, ok := unseal(key, sealed)
	if !ok || len(value) != 8 {
		return 0, s.damaged("the number of the generation that is %s is not what was written", key)
	}
	return binary.BigEndian.Uint64(value), nil
}

func bucketName(generation uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{'g'}, generation)
}
