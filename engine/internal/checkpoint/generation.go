package checkpoint

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"go.etcd.io/bbolt"
)

// Generation is one build of a pipeline's read model. It is used by one
// goroutine at a time.
type Generation struct {
	store  *Store
	number uint64
	mark   Mark
}

// Change is what a commit makes of the keys: the new state, or nil where the
// key has been removed.
type Change map[string][]byte

// Number is the generation's number, 1 for the first.
func (g *Generation) Number() uint64 { return g.number }

// Mark is what was committed last.
func (g *Generation) Mark() Mark { return g.mark }

// Commit moves the mark and stores what changed, and, if snapshot is not nil,
// the instance's snapshot.
func (g *Generation) Commit(m Mark, change Change, snapshot []byte) error {
	err := g.update(func(b *bbolt.Bucket) error {
		keys := b.Bucket(bucketKeys)
		for _, k := range slices.Sorted(maps.Keys(change)) { // in order: bbolt splits fewer pages
			if err := putState(keys, dbKey(nil, k), change[k]); err != nil {
				return err
			}
		}
		if snapshot != nil {
			if err := b.Put(keySnapshot, snapshot); err != nil {
				return err
			}
		}
		return g.putMark(b, m)
	})
	if err != nil {
		return fmt.Errorf("committing the state at position %d: %w", m.Position, err)
	}
	g.mark = m
	return nil
}

// dbKey spells a key in the file, where none may be empty, into buf.
func dbKey[K string | []byte](buf []byte, key K) []byte {
	return append(append(buf[:0], 'k'), key...)
}

// putState stores a state behind a byte that keeps an empty state apart from
// none.
func putState(keys *bbolt.Bucket, key, state []byte) error {
	if state == nil {
		return keys.Delete(key)
	}
	return keys.Put(key, append([]byte{1}, state...))
}

// Clear empties the generation: as if it had been created just now.
func (g *Generation) Clear() error {
	m := Mark{Identity: g.mark.Identity, Module: g.mark.Module}
	err := g.update(func(b *bbolt.Bucket) error {
		if err := b.DeleteBucket(bucketKeys); err != nil {
			return err
		}
		if _, err := b.CreateBucket(bucketKeys); err != nil {
			return err
		}
		if err := b.Delete(keySnapshot); err != nil {
			return err
		}
		return g.putMark(b, m)
	})
	if err != nil {
		return fmt.Errorf("clearing generation %d: %w", g.number, err)
	}
	g.mark = m
	return nil
}

// Snapshot returns a copy of the instance's snapshot; nil if there is none.
func (g *Generation) Snapshot() (snapshot []byte, err error) {
	err = g.view(func(b *bbolt.Bucket) error {
		if v := b.Get(keySnapshot); v != nil {
			snapshot = slices.Clone(v)
		}
		return nil
	})
	return snapshot, err
}

// Read calls fn with a way to look up states, whose bytes are valid during fn
// only.
func (g *Generation) Read(fn func(get func(key []byte) (state []byte, ok bool)) error) error {
	return g.view(func(b *bbolt.Bucket) error {
		keys := b.Bucket(bucketKeys)
		var buf []byte
		return fn(func(key []byte) ([]byte, bool) {
			buf = dbKey(buf, key)
			v := keys.Get(buf)
			if v == nil {
				return nil, false
			}
			return v[1:], true
		})
	})
}

// Each calls fn with every key and state in the order of keys; their bytes are
// valid during the call only.
func (g *Generation) Each(fn func(key, state []byte) error) error {
	return g.view(func(b *bbolt.Bucket) error {
		return b.Bucket(bucketKeys).ForEach(func(k, v []byte) error { return fn(k[1:], v[1:]) })
	})
}

func (g *Generation) putMark(b *bbolt.Bucket, m Mark) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return b.Put(keyMark, text)
}

func (g *Generation) update(fn func(*bbolt.Bucket) error) error {
	return g.store.db.Update(func(tx *bbolt.Tx) error { return g.in(tx, fn) })
}

func (g *Generation) view(fn func(*bbolt.Bucket) error) error {
	return g.store.db.View(func(tx *bbolt.Tx) error { return g.in(tx, fn) })
}

func (g *Generation) in(tx *bbolt.Tx, fn func(*bbolt.Bucket) error) error {
	b := tx.Bucket(bucketRoot).Bucket(bucketName(g.number))
	if b == nil {
		return fmt.Errorf("generation %d has been dropped", g.number)
	}
	return fn(b)
}
