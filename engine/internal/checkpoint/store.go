package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"github.com/refold-dev/refold/domain/event"
)

var (
	keyActive     = []byte("active")
	keyActivating = []byte("activating")
	keyMark       = []byte("mark")
	keySnapshot   = []byte("snapshot")
	bucketRoot    = []byte("pipeline")
	bucketKeys    = []byte("keys")
)

// Mark says how far a generation is.
type Mark struct {
	// Position is the last position that the states include.
	Position event.Position `json:"position"`
	// Delivered and Filtered count the events up to Position that the
	// projection folded, and those that its source leaves out.
	Delivered uint64 `json:"delivered"`
	Filtered  uint64 `json:"filtered"`
	// Identity is the digest of all that the states depend on besides the log;
	// Module, a part of it, is that of the projection's code.
	Identity string `json:"identity"`
	Module   string `json:"module"`
}

// Store is the file of one pipeline. It is safe for concurrent use.
type Store struct {
	db *bbolt.DB
}

// Open opens the pipeline's file and makes it, and its folder, if it is not
// there. A file that another process has open is an error after a second.
func Open(path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the pipeline's state: %w", err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if errors.Is(err, bbolterrors.ErrTimeout) {
		return nil, fmt.Errorf("opening %s: another process has it open", path)
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	if err := prepare(db); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing %s: %w", path, err), db.Close())
	}
	return &Store{db}, nil
}

// prepare makes what a new file lacks; it does not write to one that lacks
// nothing.
func prepare(db *bbolt.DB) error {
	var prepared bool
	err := db.View(func(tx *bbolt.Tx) error {
		prepared = tx.Bucket(bucketRoot) != nil
		return nil
	})
	if err != nil || prepared {
		return err
	}
	return db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucketRoot)
		return err
	})
}

// Close closes the file. Closing twice is fine.
func (s *Store) Close() error { return s.db.Close() }

// Generations says which generation is active and which is on its way to be;
// 0 for none.
func (s *Store) Generations() (active, activating uint64, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		root := tx.Bucket(bucketRoot)
		active, activating = number(root.Get(keyActive)), number(root.Get(keyActivating))
		return nil
	})
	return active, activating, err
}

// All lists the generations that there are, in ascending order.
func (s *Store) All() (list []uint64, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		list, err = generations(tx.Bucket(bucketRoot))
		return err
	})
	return list, err
}

func generations(root *bbolt.Bucket) (list []uint64, err error) {
	err = root.ForEachBucket(func(name []byte) error {
		list = append(list, binary.BigEndian.Uint64(name[1:]))
		return nil
	})
	return list, err
}

// Create makes an empty generation behind all that there ever were and returns
// it. The first one is active at once.
func (s *Store) Create(identity, module string) (*Generation, error) {
	g := &Generation{store: s, mark: Mark{Identity: identity, Module: module}}
	err := s.db.Update(func(tx *bbolt.Tx) (err error) {
		root := tx.Bucket(bucketRoot)
		if g.number, err = root.NextSequence(); err != nil {
			return err
		}
		b, err := root.CreateBucket(bucketName(g.number))
		if err != nil {
			return err
		}
		if root.Get(keyActive) == nil {
			if err := root.Put(keyActive, binary.BigEndian.AppendUint64(nil, g.number)); err != nil {
				return err
			}
		}
		if _, err := b.CreateBucket(bucketKeys); err != nil {
			return err
		}
		return g.putMark(b, g.mark)
	})
	if err != nil {
		return nil, fmt.Errorf("making a generation: %w", err)
	}
	return g, nil
}

// Generation returns an existing generation.
func (s *Store) Generation(generation uint64) (*Generation, error) {
	g := &Generation{store: s, number: generation}
	err := s.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketRoot).Bucket(bucketName(generation))
		if b == nil {
			return errors.New("it does not exist")
		}
		return json.Unmarshal(b.Get(keyMark), &g.mark)
	})
	if err != nil {
		return nil, fmt.Errorf("reading generation %d: %w", generation, err)
	}
	return g, nil
}

// BeginActivation notes that the sinks are about to make generation active, so
// that a crash in between can be mended by doing it again.
func (s *Store) BeginActivation(generation uint64) error {
	return s.putNumber(keyActivating, generation)
}

// FinishActivation makes generation active and drops all others.
func (s *Store) FinishActivation(generation uint64) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		root := tx.Bucket(bucketRoot)
		if root.Bucket(bucketName(generation)) == nil {
			return fmt.Errorf("activating generation %d: it does not exist", generation)
		}
		all, err := generations(root)
		if err != nil {
			return err
		}
		for _, other := range all {
			if other == generation {
				continue
			}
			if err := root.DeleteBucket(bucketName(other)); err != nil {
				return err
			}
		}
		if err := root.Delete(keyActivating); err != nil {
			return err
		}
		return root.Put(keyActive, binary.BigEndian.AppendUint64(nil, generation))
	})
}

// Drop removes a generation that is neither active nor on its way to be. One
// that does not exist is fine.
func (s *Store) Drop(generation uint64) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		root := tx.Bucket(bucketRoot)
		if number(root.Get(keyActive)) == generation || number(root.Get(keyActivating)) == generation {
			return fmt.Errorf("dropping generation %d: it is active", generation)
		}
		if root.Bucket(bucketName(generation)) == nil {
			return nil
		}
		return root.DeleteBucket(bucketName(generation))
	})
}

func (s *Store) putNumber(key []byte, n uint64) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketRoot).Put(key, binary.BigEndian.AppendUint64(nil, n))
	})
}

func number(v []byte) uint64 {
	if len(v) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(v)
}

func bucketName(generation uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{'g'}, generation)
}
