package checkpoint

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
)

func statesOf(t testing.TB, g *Generation) map[string]string {
	t.Helper()
	got := map[string]string{}
	must(t, g.Each(func(key, state []byte) error {
		got[string(key)] = string(state)
		return nil
	}))
	return got
}

func wantStates(t testing.TB, g *Generation, want map[string]string) {
	t.Helper()
	if d := cmp.Diff(want, statesOf(t, g)); d != "" {
		t.Errorf("states (-want +got):\n%s", d)
	}
	must(t, g.Read(func(get func([]byte) ([]byte, bool)) error {
		for key, state := range want {
			if got, ok := get([]byte(key)); !ok || string(got) != state {
				t.Errorf("state of %q: %q, %v, want %q", key, got, ok, state)
			}
		}
		if got, ok := get([]byte("no such key")); ok {
			t.Errorf("a key that was never stored has the state %q", got)
		}
		return nil
	}))
}

func TestCommit(t *testing.T) {
	s := open(t, newPath(t))
	g := create(t, s)
	mark := Mark{Position: 3, Delivered: 2, Filtered: 1, Identity: "identity", Module: "module"}
	long := strings.Repeat("k", 1024)
	must(t, g.Commit(mark, Change{"": []byte("of the empty key"), "empty": {}, "gone": []byte("x"), long: []byte("y")}, &Image{Snapshot: []byte("snapshot")}, nil))
	mark.Position = 4
	must(t, g.Commit(mark, Change{"gone": nil, "never there": nil}, nil, nil))

	s = reopened(t, s)
	g, err := s.Generation(1)
	must(t, err)
	wantStates(t, g, map[string]string{"": "of the empty key", "empty": "", long: "y"})
	if g.Mark() != mark {
		t.Errorf("mark %+v, want %+v", g.Mark(), mark)
	}
	snapshot, err := g.Snapshot()
	must(t, err)
	if string(snapshot) != "snapshot" {
		t.Errorf("snapshot %q: a commit without one must leave it", snapshot)
	}
}

// Invariant 1: bbolt refuses a key this long, and with it the whole commit.
func TestACommitThatDoesNotGoThroughChangesNothing(t *testing.T) {
	g := create(t, open(t, newPath(t)))
	must(t, g.Commit(Mark{Position: 1}, Change{"a": []byte("1")}, &Image{Snapshot: []byte("first")}, nil))
	err := g.Commit(Mark{Position: 2}, Change{"a": []byte("2"), strings.Repeat("k", 1<<16): []byte("x")}, &Image{Snapshot: []byte("second")}, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "committing the state at position 2: ") {
		t.Fatalf("error %v", err)
	}
	wantStates(t, g, map[string]string{"a": "1"})
	if g.Mark().Position != 1 {
		t.Errorf("mark at %d, want 1", g.Mark().Position)
	}
	snapshot, err := g.Snapshot()
	must(t, err)
	if string(snapshot) != "first" {
		t.Errorf("snapshot %q", snapshot)
	}
}

func TestClear(t *testing.T) {
	s := open(t, newPath(t))
	g, other := create(t, s), create(t, s)
	for _, g := range []*Generation{g, other} {
		must(t, g.Commit(Mark{Position: 9, Delivered: 9, Identity: "identity", Module: "module"}, Change{"a": []byte("1")}, &Image{Snapshot: []byte("x")}, nil))
	}
	must(t, g.Clear())
	s = reopened(t, s)
	g, err := s.Generation(1)
	must(t, err)
	wantStates(t, g, map[string]string{})
	if want := (Mark{Identity: "identity", Module: "module"}); g.Mark() != want {
		t.Errorf("mark %+v, want %+v", g.Mark(), want)
	}
	if snapshot, err := g.Snapshot(); snapshot != nil || err != nil {
		t.Errorf("snapshot %q, %v", snapshot, err)
	}
	other, err = s.Generation(2)
	must(t, err)
	wantStates(t, other, map[string]string{"a": "1"})
}

func TestADroppedGeneration(t *testing.T) {
	s := open(t, newPath(t))
	create(t, s)
	g := create(t, s)
	must(t, s.Drop(2))
	nothing := func(func([]byte) ([]byte, bool)) error { return nil }
	for name, err := range map[string]error{
		"read":   g.Read(nothing),
		"commit": g.Commit(Mark{}, nil, nil, nil),
		"clear":  g.Clear(),
	} {
		if err == nil || !strings.Contains(err.Error(), "generation 2 has been dropped") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheSnapshotIsACopy(t *testing.T) {
	g := create(t, open(t, newPath(t)))
	must(t, g.Commit(Mark{Position: 1}, nil, &Image{Snapshot: []byte("one")}, nil))
	first, err := g.Snapshot()
	must(t, err)
	must(t, g.Commit(Mark{Position: 2}, nil, &Image{Snapshot: []byte("two")}, nil))
	if !bytes.Equal(first, []byte("one")) {
		t.Errorf("the snapshot taken before a commit is now %q", first)
	}
}

// Commits, clears and reopenings of two generations, against maps.
func TestGenerationsAgreeWithMaps(t *testing.T) {
	path := newPath(t)
	rapid.Check(t, func(rt *rapid.T) {
		s, err := Open(path + rapid.StringMatching(`[a-z]{12}`).Draw(rt, "file"))
		must(t, err)
		defer func() { must(t, s.Close()) }()
		for range 2 {
			create(t, s)
		}
		model := []map[string]string{{}, {}}
		for step := range rapid.IntRange(1, 12).Draw(rt, "steps") {
			n := rapid.IntRange(0, 1).Draw(rt, "generation")
			g, err := s.Generation(uint64(n + 1))
			must(t, err)
			switch rapid.IntRange(0, 5).Draw(rt, "action") {
			case 0:
				must(t, g.Clear())
				clear(model[n])
			case 1:
				s = reopened(t, s)
			default:
				change := drawChange(rt)
				must(t, g.Commit(Mark{Position: event.Position(step)}, change, nil, nil))
				apply(model[n], change)
			}
		}
		for n := range model {
			g, err := s.Generation(uint64(n + 1))
			must(t, err)
			wantStates(t, g, model[n])
		}
	})
}

func drawChange(t *rapid.T) Change {
	keys := rapid.SampledFrom([]string{"", "a", "b", "ab", "\x00", "\xff", "größe"})
	return rapid.MapOf(keys, rapid.OneOf(rapid.Just([]byte(nil)), rapid.SliceOfN(rapid.Byte(), 0, 3))).Draw(t, "change")
}

func apply(model map[string]string, change Change) {
	for key, state := range change {
		model[key] = string(state)
	}
	maps.DeleteFunc(model, func(key, _ string) bool {
		state, changed := change[key]
		return changed && state == nil
	})
}
