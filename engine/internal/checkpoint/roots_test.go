package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/internal/root"
)

// step is what one event does to a generation.
type step struct {
	change  Change
	aside   Aside
	effects []effect.Effect
}

var drawStep = rapid.Custom(func(t *rapid.T) step {
	s := step{change: Change{}}
	key := rapid.StringMatching(`[abc]?`).Draw(t, "key")
	switch rapid.IntRange(0, 4).Draw(t, "what") {
	case 0:
		s.change[key] = nil
	case 1:
		s.aside.Waits = []Waiting{{key, 0}} // its position is the step's
		s.aside.Parked = map[string]*Parked{key: {}}
	case 2:
		s.aside.Letters = map[string]*Letter{"": {}} // likewise
	default:
		s.change[key] = []byte(rapid.StringMatching(`[xy]{0,2}`).Draw(t, "state"))
		s.effects = []effect.Effect{{Kind: effect.Insert, Name: "t", Body: json.RawMessage(`{"k":"` + key + `"}`)}}
	}
	return s
})

// commit has a generation take steps, in as many commits as ends says.
func commit(t fataler, g *Generation, steps []step, ends map[int]bool) {
	change, aside := Change{}, Aside{Parked: map[string]*Parked{}, Letters: map[string]*Letter{}}
	h, effects := root.NewHasher(), g.Mark().Effects
	first := int(g.Mark().Position)
	for i, s := range steps {
		at := event.Position(first + i + 1)
		maps.Copy(change, s.change)
		maps.Copy(aside.Parked, s.aside.Parked)
		for _, w := range s.aside.Waits {
			aside.Waits = append(aside.Waits, Waiting{w.Key, at})
		}
		for range s.aside.Letters {
			l := &Letter{Failure: Failure{Position: at}}
			aside.Letters[l.ID()] = l
			l = &Letter{Failure: Failure{Position: at}, Executor: "http"} // of which no root knows
			aside.Letters[l.ID()] = l
		}
		for j := range s.effects {
			s.effects[j].Cause = at
		}
		effects = h.Add(effects, s.effects)
		if !ends[i] && i < len(steps)-1 {
			continue
		}
		must(t, g.Commit(Mark{Position: at, Identity: "identity", Effects: effects}, change, nil, &aside))
		change, aside = Change{}, Aside{Parked: map[string]*Parked{}, Letters: map[string]*Letter{}}
	}
}

// However steps are committed, and whether the file is closed in between, the roots
// at one position are one, and the file vouches for them.
func TestRootsDoNotShowTheCommits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(drawStep, 1, 25).Draw(rt, "steps")
		roots := map[event.Position]root.Root{}
		for _, course := range []string{"each", "some"} {
			s := open(t, newPath(t))
			s.db.NoSync = true
			g := create(t, s)
			ends := map[int]bool{}
			for i := range steps {
				ends[i] = course == "each" || rapid.Bool().Draw(rt, "end")
			}
			half := rapid.IntRange(0, len(steps)).Draw(rt, "restart")
			commit(rt, g, steps[:half], ends)
			must(rt, g.Verify())
			s = reopened(t, s)
			g, err := s.Generation(g.Number())
			must(rt, err)
			s.db.NoSync = true
			must(rt, g.Verify())
			commit(rt, g, steps[half:], ends)
			must(rt, g.Verify())
			list, err := g.Roots()
			must(rt, err)
			for _, r := range list {
				if want, ok := roots[r.Position]; ok && want != r.Root {
					rt.Fatalf("by %s commits the root is %+v, want %+v", course, r.Root, want)
				}
				roots[r.Position] = r.Root
			}
			must(t, s.Close())
		}
		if len(roots) != len(steps) {
			rt.Fatalf("%d positions have roots, want %d", len(roots), len(steps))
		}
	})
}

// The roots that are kept are bounded, the first and the last among them.
func TestRootsAreThinned(t *testing.T) {
	s := open(t, newPath(t))
	s.db.NoSync = true
	g := create(t, s)
	const commits = 1000
	for at := event.Position(1); at <= commits; at++ {
		must(t, g.Commit(Mark{Position: at, Identity: "identity"}, Change{fmt.Sprint(at % 10): []byte(fmt.Sprint(at))}, nil, nil))
	}
	must(t, g.Verify())
	list, err := g.Roots()
	must(t, err)
	if n := len(list); n > maxRoots || n < maxRoots/2 || list[0].Position != 1 || list[n-1].Position != commits {
		t.Fatalf("%d roots are kept, from %d to %d", n, list[0].Position, list[n-1].Position)
	}
	gap := event.Position(commits)
	for i := 1; i < len(list); i++ {
		is := list[i].Position - list[i-1].Position
		if is > gap {
			t.Errorf("before %d the gap is %d, which is more than the %d before it", list[i].Position, is, gap)
		}
		gap = is
	}
	if gap != 1 {
		t.Errorf("the last gap is %d", gap)
	}
}

// What somebody has changed who has mended the checksums does not pass.
func TestRootsFindWhatChecksumsDoNot(t *testing.T) {
	for name, tamper := range map[string]func(t *testing.T, g *Generation, b *bbolt.Bucket){
		"a state": func(t *testing.T, g *Generation, b *bbolt.Bucket) {
			next := g.kept
			must(t, putState(b.Bucket(bucketKeys), &next.tally, dbKey(nil, "b"), []byte("tampered")))
			must(t, putMark(b, next))
		},
		"the effects": func(t *testing.T, g *Generation, b *bbolt.Bucket) {
			next := g.kept
			next.Effects = root.NewHasher().Add(next.Effects, []effect.Effect{{Kind: effect.Log}})
			must(t, putMark(b, next))
		},
		"what is aside": func(t *testing.T, g *Generation, b *bbolt.Bucket) {
			next := g.kept
			in, err := asidesOf(b)
			must(t, err)
			must(t, putState(in.waiting, &next.Aside, waitingKey(Waiting{"c", 2}), []byte{}))
			must(t, putMark(b, next))
		},
		"a root before": func(t *testing.T, g *Generation, b *bbolt.Bucket) {
			next := g.kept.next(g.kept.Mark)
			in := b.Bucket(bucketRoots)
			r, err := readJSON[Root](g, in, rootKey(1))
			must(t, err)
			r.Effects[0]++
			r.Seal("identity")
			must(t, putJSON(in, &next.Proof.Roots, rootKey(1), r))
			must(t, putMark(b, next))
		},
		"what the instance answers": func(t *testing.T, g *Generation, b *bbolt.Bucket) {
			next := g.kept
			next.Answer[0]++
			must(t, putMark(b, next))
		},
		"the last root": func(t *testing.T, g *Generation, b *bbolt.Bucket) {
			next := g.kept.next(g.kept.Mark)
			in := b.Bucket(bucketRoots)
			r := next.Proof.Last
			r.Effects[0]++
			must(t, putJSON(in, &next.Proof.Roots, rootKey(r.Position), &r))
			must(t, putMark(b, next))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, newPath(t))
			g := create(t, s)
			for at := event.Position(1); at <= 3; at++ {
				must(t, g.Commit(Mark{Position: at, Identity: "identity"}, Change{string('a' + rune(at)): []byte("state")}, nil, nil))
			}
			must(t, g.Verify())
			must(t, g.update(func(b *bbolt.Bucket) error { tamper(t, g, b); return nil }))
			s = reopened(t, s)
			g, err := s.Generation(1)
			must(t, err)
			var damage *DamageError
			if err := g.Verify(); !errors.As(err, &damage) || !strings.Contains(err.Error(), "root") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// A generation of an older version, or of another declaration, goes on, and says from
// where on it has roots.
func TestRootsBegin(t *testing.T) {
	for name, before := range map[string]func(g *Generation){
		"where there were none": func(g *Generation) {
			must(t, g.update(func(b *bbolt.Bucket) error {
				old := g.kept
				old.Proof = nil
				must(t, dropBuckets(b, bucketRoots))
				return putMark(b, old)
			}))
		},
		"where none were wanted": func(g *Generation) {
			g.KeepNoRoots()
			must(t, g.Commit(Mark{Position: 5, Identity: "identity"}, Change{"a": []byte("2")}, nil, nil))
		},
		"under another declaration": func(g *Generation) { g.kept.Identity = "another" },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, newPath(t))
			g := create(t, s)
			must(t, g.Commit(Mark{Position: 5, Identity: "identity"}, Change{"a": []byte("1"), "b": []byte("2")}, nil, nil))
			if g.Departed() != nil {
				t.Errorf("it has departed: %+v", g.Departed())
			}
			if before(g); name != "under another declaration" {
				s = reopened(t, s)
				var err error
				g, err = s.Generation(1)
				must(t, err)
				must(t, g.Verify())
			}
			must(t, g.Commit(Mark{Position: 7, Identity: "identity"}, Change{"a": []byte("3")}, nil, nil))
			s = reopened(t, s)
			g, err := s.Generation(1)
			must(t, err)
			must(t, g.Verify())
			if d := g.Departed(); d == nil || d.Position != 5 || d.Reason == "" {
				t.Errorf("it has departed: %+v", d)
			}
			if list, err := g.Roots(); err != nil || len(list) != 1 || list[0].Position != 7 {
				t.Errorf("the roots are %+v, %v", list, err)
			}
		})
	}
}
