package checkpoint

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/refold-dev/refold/engine/internal/root"
)

// Generation is one build of a pipeline's read model. It is used by one
// goroutine at a time.
type Generation struct {
	store  *Store
	number uint64
	kept   contents // as they were committed last
	// rootless is true of one that keeps no roots.
	rootless bool
}

// contents is what is stored as the mark: it speaks of all that the generation
// has, so that a part that is lost or changed shows.
type contents struct {
	Mark
	tally
	// Aside is the tally of what is not folded in its turn.
	Aside tally `json:"aside,omitzero"`
	// Snapshot is the CRC-32C of the snapshot, nil if there is none, and Answer the digest
	// of what the instance answers, zero if that is not known.
	Snapshot *uint32     `json:"snapshot,omitempty"`
	Answer   root.Digest `json:"answer,omitzero"`
	// Proof is nil only in what older versions of the program have kept.
	Proof *proof `json:"proof,omitempty"`
}

// Change is what a commit makes of the keys: the new state, or nil where the
// key has been removed.
type Change map[string][]byte

// Image is an instance of a resident projection: its snapshot, and the digest of what it
// answers to the empty query, which is zero if that is not known.
type Image struct {
	Snapshot []byte
	Answer   root.Digest
}

// KeepNoRoots has its commits leave out roots, as versions of the program did that knew
// none: to measure what they cost.
func (g *Generation) KeepNoRoots() { g.rootless = true }

// Number is the generation's number, 1 for the first.
func (g *Generation) Number() uint64 { return g.number }

// Mark is what was committed last.
func (g *Generation) Mark() Mark { return g.kept.Mark }

// Commit moves the mark and stores what changed and, if they are not nil, the instance
// and what is aside.
func (g *Generation) Commit(m Mark, change Change, image *Image, aside *Aside) error {
	next := g.kept.next(m)
	err := g.update(func(b *bbolt.Bucket) error {
		if err := g.putStates(b, &next, change); err != nil {
			return err
		}
		if err := g.putAside(b, &next, aside); err != nil {
			return err
		}
		if image != nil {
			next.Snapshot, next.Answer = new(crc32.Checksum(image.Snapshot, castagnoli)), image.Answer
			if err := b.Put(keySnapshot, image.Snapshot); err != nil {
				return err
			}
		}
		switch {
		case g.rootless:
			stored := next
			stored.Proof = nil // so that who opens it next knows
			return errors.Join(dropBuckets(b, bucketRoots), putMark(b, stored))
		case m.Identity != "": // else nothing is folded
			if err := g.putRoot(b, &next); err != nil {
				return err
			}
		}
		return putMark(b, next)
	})
	if err != nil {
		return fmt.Errorf("committing the state at position %d: %w", m.Position, err)
	}
	g.kept = next
	return nil
}

// next is what is to be committed behind c, with a proof of its own.
func (c contents) next(m Mark) contents {
	p := *c.Proof
	if c.Identity != m.Identity && c.Position > 0 {
		p.Roots = tally{}
		p.depart(c.Position, "another declaration has made its state up to there")
	}
	c.Mark, c.Proof = m, &p
	return c
}

func (g *Generation) putStates(b *bbolt.Bucket, next *contents, change Change) error {
	keys, err := g.keys(b)
	if err != nil {
		return err
	}
	var scratch []byte
	for _, k := range slices.Sorted(maps.Keys(change)) { // in order: bbolt splits fewer pages
		key := dbKey(nil, k)
		if before := keys.Get(key); len(before) >= sealSize && !g.rootless {
			scratch = next.Proof.States.Remove(scratch, key, before[sealSize:])
		}
		if change[k] != nil && !g.rootless {
			scratch = next.Proof.States.Add(scratch, key, change[k])
		}
		if err := putState(keys, &next.tally, key, change[k]); err != nil {
			return err
		}
	}
	return nil
}

// keys is the bucket of the states.
func (g *Generation) keys(b *bbolt.Bucket) (*bbolt.Bucket, error) {
	if keys := b.Bucket(bucketKeys); keys != nil {
		return keys, nil
	}
	return nil, g.store.damaged("generation %d has no keys", g.number)
}

// dbKey spells a key in the file, where none may be empty, into buf.
func dbKey[K string | []byte](buf []byte, key K) []byte {
	return append(append(buf[:0], 'k'), key...)
}

// putState stores a state, sealed, which also keeps an empty state apart from
// none.
func putState(keys *bbolt.Bucket, t *tally, key, state []byte) error {
	t.remove(keys.Get(key))
	if state == nil {
		return keys.Delete(key)
	}
	sealed := seal(key, state)
	t.add(sealed)
	return keys.Put(key, sealed)
}

// Clear empties the generation: as if it had been created just now.
func (g *Generation) Clear() error {
	m := Mark{Identity: g.kept.Identity, Module: g.kept.Module}
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
		if err := dropBuckets(b, slices.Concat(asideBuckets, [][]byte{bucketRoots})...); err != nil {
			return err
		}
		return putMark(b, contents{Mark: m, Proof: &proof{}})
	})
	if err != nil {
		return fmt.Errorf("clearing generation %d: %w", g.number, err)
	}
	g.kept = contents{Mark: m, Proof: &proof{}}
	return nil
}

// Snapshot returns a copy of the instance's snapshot; nil if there is none.
func (g *Generation) Snapshot() (snapshot []byte, err error) {
	err = g.view(func(b *bbolt.Bucket) error {
		v := b.Get(keySnapshot)
		want := g.kept.Snapshot
		if (v == nil) != (want == nil) || want != nil && *want != crc32.Checksum(v, castagnoli) {
			return g.store.damaged("the snapshot of generation %d is not what was written", g.number)
		}
		if v != nil {
			snapshot = slices.Clone(v)
		}
		return nil
	})
	return snapshot, err
}

// Answer is the digest of what the instance answered when its snapshot was taken; zero if
// that is not known.
func (g *Generation) Answer() root.Digest { return g.kept.Answer }

// CheckAnswer holds what the snapshot's instance answers against that. The error is a
// *DamageError.
func (g *Generation) CheckAnswer(answer root.Digest) error {
	if answer == g.kept.Answer {
		return nil
	}
	return g.store.damaged("the snapshot of generation %d is not what its root at position %d says: it does not answer as it did when it was taken", g.number, g.kept.Position)
}

// Verify reads all states and holds them against what was written. A
// *DamageError says what is not.
func (g *Generation) Verify() error {
	var found, aside, roots tally
	err := g.view(func(b *bbolt.Bucket) error {
		keys, err := g.keys(b)
		if err != nil {
			return err
		}
		if err := g.count(keys, &found); err != nil {
			return err
		}
		for _, name := range asideBuckets {
			if err := g.count(b.Bucket(name), &aside); err != nil {
				return err
			}
		}
		return g.count(b.Bucket(bucketRoots), &roots)
	})
	switch {
	case err != nil:
	case found != g.kept.tally:
		err = g.store.damaged("generation %d has %d keys, and not the %d that were written", g.number, found.Keys, g.kept.Keys)
	case aside != g.kept.Aside:
		err = g.store.damaged("generation %d has %d notes of what is aside, and not the %d that were written", g.number, aside.Keys, g.kept.Aside.Keys)
	case roots != g.kept.Proof.Roots:
		err = g.store.damaged("generation %d has %d roots, and not the %d that were written", g.number, roots.Keys, g.kept.Proof.Roots.Keys)
	default:
		err = g.view(g.checkRoots)
	}
	return err
}

// count adds a bucket's values to a tally; nil is no bucket.
func (g *Generation) count(b *bbolt.Bucket, t *tally) error {
	if b == nil {
		return nil
	}
	return b.ForEach(func(k, v []byte) error {
		_, err := g.state(k, v)
		if err == nil {
			t.add(v)
		}
		return err
	})
}

// state is what has been sealed under a key.
func (g *Generation) state(key, sealed []byte) ([]byte, error) {
	state, ok := unseal(key, sealed)
	if !ok || len(key) == 0 {
		return nil, g.store.damaged("the state of %q is not what was written", key[min(1, len(key)):])
	}
	return state, nil
}

// Read calls fn with a way to look up states, whose bytes are valid during fn
// only.
func (g *Generation) Read(fn func(get func(key []byte) (state []byte, ok bool)) error) error {
	return g.view(func(b *bbolt.Bucket) error {
		keys, err := g.keys(b)
		if err != nil {
			return err
		}
		var buf []byte
		var damage error
		err = fn(func(key []byte) ([]byte, bool) {
			buf = dbKey(buf, key)
			v := keys.Get(buf)
			if v == nil || damage != nil {
				return nil, false
			}
			var state []byte
			state, damage = g.state(buf, v)
			return state, damage == nil
		})
		return cmp.Or(damage, err)
	})
}

// Each calls fn with every key and state in the order of keys; their bytes are
// valid during the call only.
func (g *Generation) Each(fn func(key, state []byte) error) error {
	return g.view(func(b *bbolt.Bucket) error {
		keys, err := g.keys(b)
		if err != nil {
			return err
		}
		return keys.ForEach(func(k, v []byte) error {
			state, err := g.state(k, v)
			if err != nil {
				return err
			}
			return fn(k[1:], state)
		})
	})
}

// From calls fn with keys and states in the order of keys, from a key on, until it says
// that it has enough; their bytes are valid during the call only.
func (g *Generation) From(first string, fn func(key, state []byte) (more bool)) error {
	return g.view(func(b *bbolt.Bucket) error {
		keys, err := g.keys(b)
		if err != nil {
			return err
		}
		c := keys.Cursor()
		for k, v := c.Seek(dbKey(nil, first)); k != nil; k, v = c.Next() {
			state, err := g.state(k, v)
			if err != nil || !fn(k[1:], state) {
				return err
			}
		}
		return nil
	})
}

func putMark(b *bbolt.Bucket, c contents) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return b.Put(keyMark, seal(keyMark, text))
}

func (g *Generation) readMark(b *bbolt.Bucket) error {
	text, ok := unseal(keyMark, b.Get(keyMark))
	if !ok {
		return g.store.damaged("the mark of generation %d is not what was written", g.number)
	}
	if err := json.Unmarshal(text, &g.kept); err != nil {
		return g.store.damaged("the mark of generation %d: %v", g.number, err)
	}
	if g.kept.Proof == nil {
		return g.adopt(b)
	}
	return nil
}

func (g *Generation) update(fn func(*bbolt.Bucket) error) error {
	return g.store.update(func(tx *bbolt.Tx) error { return g.in(tx, fn) })
}

func (g *Generation) view(fn func(*bbolt.Bucket) error) error {
	return g.store.view(func(tx *bbolt.Tx) error { return g.in(tx, fn) })
}

func (g *Generation) in(tx *bbolt.Tx, fn func(*bbolt.Bucket) error) error {
	b := tx.Bucket(bucketRoot).Bucket(bucketName(g.number))
	if b == nil {
		return fmt.Errorf("generation %d has been dropped", g.number)
	}
	return fn(b)
}
