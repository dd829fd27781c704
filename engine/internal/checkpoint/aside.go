package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/refold-dev/refold/domain/event"
)

var (
	bucketParked  = []byte("parked")
	bucketWaiting = []byte("waiting")
	bucketLetters = []byte("letters")

	asideBuckets = [][]byte{bucketParked, bucketWaiting, bucketLetters}
)

// Failure is what could not be done, and why.
type Failure struct {
	// Position is the event's.
	Position event.Position `json:"position"`
	// Event is the event as it is stored.
	Event json.RawMessage `json:"event,omitempty"`
	Error string          `json:"error"`
	// Module is the digest of the plugin that folded, or should have.
	Module   string    `json:"module"`
	At       time.Time `json:"at"`
	Attempts int       `json:"attempts"`
}

// Parked is a key whose events wait, from the one that failed on.
type Parked struct {
	Failure
	// Waiting counts the events that wait, that one among them.
	Waiting uint64 `json:"waiting"`
}

// Waiting is an event that waits for those of its key before it.
type Waiting struct {
	Key      string
	Position event.Position
}

// Letter is an event that was left out or, with the name of an executor, one of
// its effects.
type Letter struct {
	Failure
	Executor string          `json:"executor,omitempty"`
	Ordinal  uint32          `json:"ordinal,omitempty"`
	Effect   json.RawMessage `json:"effect,omitempty"`
}

// Aside is what a commit does with the events that are not folded in their turn.
type Aside struct {
	// Parked are keys to be parked, or their new Failure; nil frees a key. The
	// number of those that wait is kept by the store.
	Parked map[string]*Parked
	// Waits are events that wait from now on, Done those that no longer do.
	Waits, Done []Waiting
	// Letters are to be kept, or, as nil, to be thrown away, by their IDs.
	Letters map[string]*Letter
	// Departs is why the states are not what a fold of the log alone comes to, from
	// here on; empty where they are as before.
	Departs string
}

// ID names a letter: "17" for an event, "17/http/0" for an effect.
func (l *Letter) ID() string {
	if l.Executor == "" {
		return fmt.Sprint(l.Position)
	}
	return fmt.Sprintf("%d/%s/%d", l.Position, l.Executor, l.Ordinal)
}

// asides are the three buckets, made when they are needed first.
type asides struct{ parked, waiting, letters *bbolt.Bucket }

func asidesOf(b *bbolt.Bucket) (a asides, err error) {
	for _, one := range []struct {
		name []byte
		into **bbolt.Bucket
	}{{bucketParked, &a.parked}, {bucketWaiting, &a.waiting}, {bucketLetters, &a.letters}} {
		if *one.into, err = b.CreateBucketIfNotExists(one.name); err != nil {
			return a, err
		}
	}
	return a, nil
}

func dropBuckets(b *bbolt.Bucket, names ...[]byte) error {
	for _, name := range names {
		if b.Bucket(name) == nil {
			continue
		}
		if err := b.DeleteBucket(name); err != nil {
			return err
		}
	}
	return nil
}

func (a *Aside) isEmpty() bool {
	return a == nil || len(a.Parked)+len(a.Waits)+len(a.Done)+len(a.Letters)+len(a.Departs) == 0
}

// putAside stores what a commit does aside, and moves tally and digest with it.
func (g *Generation) putAside(b *bbolt.Bucket, next *contents, change *Aside) error {
	if change.isEmpty() {
		return nil
	}
	t, digest := &next.Aside, &next.Proof.Aside
	if change.Departs != "" {
		next.Proof.depart(g.kept.Position, change.Departs)
	}
	in, err := asidesOf(b)
	if err != nil {
		return err
	}
	delta := map[string]int{}
	for _, w := range change.Waits {
		key := waitingKey(w)
		if in.waiting.Get(key) == nil {
			delta[w.Key]++
			addAside(digest, bucketWaiting, key)
		}
		if err := putState(in.waiting, t, key, []byte{}); err != nil {
			return err
		}
	}
	for _, w := range change.Done {
		key := waitingKey(w)
		if in.waiting.Get(key) != nil {
			delta[w.Key]--
			removeAside(digest, bucketWaiting, key)
		}
		if err := putState(in.waiting, t, key, nil); err != nil {
			return err
		}
	}
	if err := g.putParked(in.parked, t, change.Parked, delta); err != nil {
		return err
	}
	return putLetters(in.letters, next, change.Letters)
}

func putLetters(b *bbolt.Bucket, next *contents, letters map[string]*Letter) error {
	for _, id := range slices.Sorted(maps.Keys(letters)) {
		key, letter := dbKey(nil, id), letters[id]
		switch had := b.Get(key) != nil; {
		case !had && letter != nil:
			addAside(&next.Proof.Aside, bucketLetters, key)
		case had && letter == nil:
			removeAside(&next.Proof.Aside, bucketLetters, key)
		}
		if err := putJSON(b, &next.Aside, key, letter); err != nil {
			return err
		}
	}
	return nil
}

// putParked stores keys with the number of events that wait, which has changed by
// delta.
func (g *Generation) putParked(b *bbolt.Bucket, t *tally, change map[string]*Parked, delta map[string]int) error {
	for key := range change {
		delta[key] += 0
	}
	for _, key := range slices.Sorted(maps.Keys(delta)) {
		at := dbKey(nil, key)
		before, err := readJSON[Parked](g, b, at)
		if err != nil {
			return err
		}
		next, changed := change[key]
		if !changed {
			next = before
		}
		if next == nil {
			if err := putState(b, t, at, nil); err != nil {
				return err
			}
			continue
		}
		stored := *next
		stored.Waiting = uint64(delta[key])
		if before != nil {
			stored.Waiting += before.Waiting
		}
		if err := putJSON(b, t, at, &stored); err != nil {
			return err
		}
	}
	return nil
}

func putJSON[T any](b *bbolt.Bucket, t *tally, key []byte, v *T) error {
	if v == nil {
		return putState(b, t, key, nil)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return putState(b, t, key, text)
}

// readJSON reads what putJSON has stored; nil if there is nothing.
func readJSON[T any](g *Generation, b *bbolt.Bucket, key []byte) (*T, error) {
	sealed := b.Get(key)
	if sealed == nil {
		return nil, nil
	}
	text, err := g.state(key, sealed)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal(text, v); err != nil {
		return nil, g.store.damaged("what is said of %q: %v", key, err)
	}
	return v, nil
}

// waitingKey is where a waiting event is noted: behind its key, whose length comes
// first, in the order of positions.
func waitingKey(w Waiting) []byte {
	return binary.BigEndian.AppendUint64(waitingPrefix(w.Key), uint64(w.Position))
}

func waitingPrefix(key string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{'k'}, uint16(len(key))), key...)
}

// Parked are all parked keys.
func (g *Generation) Parked() (map[string]*Parked, error) {
	return readAllJSON[Parked](g, bucketParked)
}

// Letters are all letters, by their ids.
func (g *Generation) Letters() (map[string]*Letter, error) {
	return readAllJSON[Letter](g, bucketLetters)
}

func readAllJSON[T any](g *Generation, bucket []byte) (all map[string]*T, err error) {
	all = map[string]*T{}
	err = g.view(func(b *bbolt.Bucket) error {
		in := b.Bucket(bucket)
		if in == nil {
			return nil
		}
		return in.ForEach(func(k, _ []byte) (err error) {
			all[string(k[1:])], err = readJSON[T](g, in, k)
			return err
		})
	})
	return all, err
}

// CountAside counts the parked keys and the letters. Any goroutine may call it.
func (g *Generation) CountAside() (parked, letters int, err error) {
	err = g.view(func(b *bbolt.Bucket) error {
		for _, one := range []struct {
			name []byte
			into *int
		}{{bucketParked, &parked}, {bucketLetters, &letters}} {
			if in := b.Bucket(one.name); in != nil {
				*one.into = in.Stats().KeyN
			}
		}
		return nil
	})
	return parked, letters, err
}

// WaitingOf are the positions of a key's events that wait, in order.
func (g *Generation) WaitingOf(key string) (list []event.Position, err error) {
	prefix := waitingPrefix(key)
	err = g.view(func(b *bbolt.Bucket) error {
		in := b.Bucket(bucketWaiting)
		if in == nil {
			return nil
		}
		c := in.Cursor()
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix) && len(k) == len(prefix)+8; k, v = c.Next() {
			if _, err := g.state(k, v); err != nil {
				return err
			}
			list = append(list, event.Position(binary.BigEndian.Uint64(k[len(prefix):])))
		}
		return nil
	})
	return list, err
}
