package checkpoint

import (
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

var keyLife = []byte("life")

// Life is where a pipeline is in its lifecycle, as far as that outlives the
// engine.
type Life struct {
	// State is empty where nothing is kept.
	State string    `json:"state"`
	Since time.Time `json:"since"`
	// Reason is what somebody has said about it, Error what has stopped the
	// pipeline, Hint what can be done about that.
	Reason string `json:"reason,omitempty"`
	Error  string `json:"error,omitempty"`
	Hint   string `json:"hint,omitempty"`
}

// Life returns what SetLife has stored last; the zero Life for nothing.
func (s *Store) Life() (l Life, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		sealed := tx.Bucket(bucketRoot).Get(keyLife)
		if sealed == nil {
			return nil
		}
		text, ok := unseal(keyLife, sealed)
		if !ok {
			return s.damaged("the state of its life is not what was written")
		}
		return json.Unmarshal(text, &l)
	})
	return l, err
}

// SetLife stores where the pipeline is in its life; with the zero Life it
// removes what is stored.
func (s *Store) SetLife(l Life) error {
	err := s.update(func(tx *bbolt.Tx) error {
		root := tx.Bucket(bucketRoot)
		if l == (Life{}) {
			return root.Delete(keyLife)
		}
		text, err := json.Marshal(l)
		if err != nil {
			return err
		}
		return root.Put(keyLife, seal(keyLife, text))
	})
	if err != nil {
		return fmt.Errorf("storing that the pipeline is %s: %w", l.State, err)
	}
	return nil
}
