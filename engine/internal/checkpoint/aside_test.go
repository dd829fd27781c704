package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
)

func failed(at event.Position) Failure {
	return Failure{Position: at, Event: json.RawMessage(`{"a":1}`), Error: "told to", Module: "m", At: time.Unix(1, 0).UTC(), Attempts: 1}
}

// What is aside is what the commits have said, also after reopening: keys with the
// events that wait, in order, and letters.
func TestAside(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	g := create(t, s)
	keys := rapid.SampledFrom([]string{"", "a", "ab", "b\x00c"})
	rapid.Check(t, func(t *rapid.T) {
		must(t, g.Clear())
		waits := map[string]map[event.Position]bool{}
		letters := map[string]*Letter{}
		for at := range event.Position(rapid.IntRange(1, 12).Draw(t, "commits")) {
			key := keys.Draw(t, "key")
			var change Aside
			switch {
			case waits[key] == nil:
				change.Parked = map[string]*Parked{key: {Failure: failed(at)}}
				waits[key] = map[event.Position]bool{}
				fallthrough
			case rapid.Bool().Draw(t, "wait"):
				change.Waits = []Waiting{{key, at}, {key, at}} // twice is once
				waits[key][at] = true
			default:
				for p := range waits[key] {
					change.Done = append(change.Done, Waiting{key, p})
				}
				change.Parked = map[string]*Parked{key: nil}
				delete(waits, key)
			}
			l := &Letter{Failure: failed(at)}
			if rapid.Bool().Draw(t, "of an effect") {
				l.Executor, l.Ordinal = "http", 2
			}
			change.Letters = map[string]*Letter{l.ID(): l}
			letters[l.ID()] = l
			must(t, g.Commit(Mark{Position: at}, nil, nil, &change))
		}
		must(t, g.Verify())
		wantAside(t, g, waits, letters)
		again, err := s.Generation(g.Number())
		must(t, err)
		must(t, again.Verify())
		wantAside(t, again, waits, letters)
	})
}

func wantAside(t *rapid.T, g *Generation, waits map[string]map[event.Position]bool, letters map[string]*Letter) {
	parked, err := g.Parked()
	must(t, err)
	got := map[string]map[event.Position]bool{}
	for key, p := range parked {
		list, err := g.WaitingOf(key)
		must(t, err)
		got[key] = map[event.Position]bool{}
		for i, at := range list {
			got[key][at] = true
			if i > 0 && list[i-1] >= at {
				t.Fatalf("of %q wait %v", key, list)
			}
		}
		if p.Waiting != uint64(len(list)) {
			t.Fatalf("of %q %d wait, it says %d", key, len(list), p.Waiting)
		}
	}
	if d := cmp.Diff(waits, got); d != "" {
		t.Fatalf("waiting (-want +got):\n%s", d)
	}
	found, err := g.Letters()
	must(t, err)
	if d := cmp.Diff(letters, found); d != "" {
		t.Fatalf("letters (-want +got):\n%s", d)
	}
}

// A note that is lost or changed shows.
func TestDamagedAside(t *testing.T) {
	for _, bucket := range asideBuckets {
		for _, lose := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, lost %v", bucket, lose), func(t *testing.T) {
				s := open(t, newPath(t))
				g := create(t, s)
				l := &Letter{Failure: failed(1)}
				must(t, g.Commit(Mark{Position: 1}, nil, nil, &Aside{
					Parked: map[string]*Parked{"a": {Failure: failed(1)}}, Waits: []Waiting{{"a", 1}}, Letters: map[string]*Letter{l.ID(): l},
				}))
				must(t, s.db.Update(func(tx *bbolt.Tx) error {
					b := tx.Bucket(bucketRoot).Bucket(bucketName(g.Number())).Bucket(bucket)
					k, v := b.Cursor().First()
					if lose {
						return b.Delete(k)
					}
					changed := append([]byte{}, v...)
					changed[0] ^= 1
					return b.Put(append([]byte{}, k...), changed)
				}))
				var damage *DamageError
				if err := g.Verify(); !errors.As(err, &damage) {
					t.Errorf("error %v", err)
				}
			})
		}
	}
}
