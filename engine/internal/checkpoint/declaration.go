package checkpoint

import (
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/refold-dev/refold/domain/event"
)

var (
	keyDeclaration = []byte("declaration")
	keyServed      = []byte("served")
	keyRollback    = []byte("rollback")
)

// Declaration is what a generation is built with, so that it can be opened when the
// pipeline is declared otherwise by then.
type Declaration struct {
	// Pipeline is the pipeline as it was declared, which is not looked into; nil where
	// none was noted.
	Pipeline json.RawMessage `json:"pipeline,omitempty"`
	// State is the projection's kind of state, Key what its states are keyed by.
	State string `json:"state,omitempty"`
	Key   string `json:"key,omitempty"`
	// Catalog is the digest of the event catalog.
	Catalog string    `json:"catalog,omitempty"`
	Made    time.Time `json:"made,omitzero"`
	// Continued are the takeovers of the state by other declarations, in order.
	Continued []Continuation `json:"continued,omitempty"`
}

// Continuation says that another declaration has gone on from a generation's state.
type Continuation struct {
	// Position is the last one that the declaration before has folded, Module that
	// one's code.
	Position event.Position `json:"position"`
	Module   string         `json:"module"`
	At       time.Time      `json:"at"`
}

// Rollback is what an operator has rolled back from.
type Rollback struct {
	// Identity is that of the declaration which is not to be built again.
	Identity string `json:"identity"`
	// From is the generation that served before.
	From uint64    `json:"from"`
	At   time.Time `json:"at"`
}

// Declaration is what the generation is built with; the zero Declaration where none was
// noted.
func (g *Generation) Declaration() (d Declaration, err error) {
	err = g.view(func(b *bbolt.Bucket) error {
		_, err := readNote(g.store, b, keyDeclaration, &d)
		return err
	})
	return d, err
}

// Served is until when readers saw the generation; ok is false where they never did, see
// it now, or are not to see it again.
func (g *Generation) Served() (until time.Time, ok bool, err error) {
	err = g.view(func(b *bbolt.Bucket) error {
		ok, err = readNote(g.store, b, keyServed, &until)
		return err
	})
	return until, ok, err
}

// Continue has another declaration go on from the state as it is.
func (g *Generation) Continue(identity, module string, d Declaration) error {
	m := g.kept.Mark
	m.Identity, m.Module = identity, module
	next := g.kept.next(m)
	err := g.update(func(b *bbolt.Bucket) error {
		if err := dropBuckets(b, bucketRoots); err != nil {
			return err
		}
		if err := putNote(b, keyDeclaration, &d); err != nil {
			return err
		}
		return putMark(b, next)
	})
	if err != nil {
		return fmt.Errorf("noting that another declaration goes on from position %d: %w", next.Position, err)
	}
	g.kept = next
	return nil
}

// Rollback is the one that holds; nil if none does.
func (s *Store) Rollback() (r *Rollback, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		var found Rollback
		ok, err := readNote(s, tx.Bucket(bucketRoot), keyRollback, &found)
		if ok {
			r = &found
		}
		return err
	})
	return r, err
}

// SetRollback notes a rollback; nil ends the one that holds.
func (s *Store) SetRollback(r *Rollback) error {
	err := s.update(func(tx *bbolt.Tx) error {
		if r == nil {
			return tx.Bucket(bucketRoot).Delete(keyRollback)
		}
		return putNote(tx.Bucket(bucketRoot), keyRollback, r)
	})
	if err != nil {
		return fmt.Errorf("noting a rollback: %w", err)
	}
	return nil
}

// putNote stores something as JSON, sealed.
func putNote(b *bbolt.Bucket, key []byte, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put(key, seal(key, text))
}

// readNote reads what putNote has stored; ok is false if there is nothing.
func readNote(s *Store, b *bbolt.Bucket, key []byte, v any) (ok bool, err error) {
	sealed := b.Get(key)
	if sealed == nil {
		return false, nil
	}
	text, ok := unseal(key, sealed)
	if !ok {
		return false, s.damaged("the note %q is not what was written", key)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return false, s.damaged("the note %q: %v", key, err)
	}
	return true, nil
}
