package checkpoint

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// reopened closes a store and opens its file again.
func reopened(t testing.TB, s *Store) *Store {
	t.Helper()
	path := s.db.Path()
	must(t, s.Close())
	return open(t, path)
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "pipelines", "p", "state.db") }

// fataler is a test, or a run of a property.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

func must(t fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t testing.TB, s *Store) *Generation {
	t.Helper()
	g, err := s.Create("identity", "module", Declaration{Pipeline: json.RawMessage(`{"name":"p"}`), Catalog: "catalog"})
	must(t, err)
	return g
}

// numbers is what a store says of its generations.
type numbers struct {
	All                []uint64
	Active, Activating uint64
}

func wantNumbers(t testing.TB, s *Store, want numbers) {
	t.Helper()
	var got numbers
	var err error
	got.All, err = s.All()
	must(t, err)
	got.Active, got.Activating, err = s.Generations()
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("generations (-want +got):\n%s", d)
	}
}

func TestTheFirstGenerationIsActiveAtOnce(t *testing.T) {
	s := open(t, newPath(t))
	wantNumbers(t, s, numbers{})
	create(t, s)
	create(t, s)
	s = reopened(t, s)
	wantNumbers(t, s, numbers{All: []uint64{1, 2}, Active: 1})
}

// What a generation is built with, who has gone on from it, and what was rolled back,
// is there after reopening.
func TestDeclarations(t *testing.T) {
	s := open(t, newPath(t))
	g := create(t, s)
	must(t, g.Commit(Mark{Position: 4, Delivered: 4, Identity: "identity", Module: "module"}, Change{"k": []byte("v")}, nil, nil))
	want := Declaration{Pipeline: json.RawMessage(`{"name":"q"}`), Continued: []Continuation{{Position: 4, Module: "module", At: time.Unix(1, 0).UTC()}}}
	must(t, g.Continue("next", "other", want))
	must(t, g.Verify())
	must(t, s.SetRollback(&Rollback{Identity: "bad", From: 7, At: time.Unix(2, 0).UTC()}))

	s = reopened(t, s)
	g, err := s.Generation(1)
	must(t, err)
	got, err := g.Declaration()
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("declaration (-want +got):\n%s", d)
	}
	if m := g.Mark(); m.Position != 4 || m.Identity != "next" || m.Module != "other" {
		t.Errorf("mark %+v", m)
	}
	wantStates(t, g, map[string]string{"k": "v"})
	must(t, g.Verify())
	if d := g.Departed(); d == nil || d.Position != 4 {
		t.Errorf("departed: %+v", d)
	}
	r, err := s.Rollback()
	must(t, err)
	if d := cmp.Diff(&Rollback{Identity: "bad", From: 7, At: time.Unix(2, 0).UTC()}, r); d != "" {
		t.Errorf("rollback (-want +got):\n%s", d)
	}
	must(t, s.SetRollback(nil))
	if r, err := s.Rollback(); r != nil || err != nil {
		t.Errorf("a rollback that has ended: %v, %v", r, err)
	}
}

// Invariant 4.
func TestANumberIsNeverUsedAgain(t *testing.T) {
	s := open(t, newPath(t))
	create(t, s)
	create(t, s)
	must(t, s.Drop(2))
	s = reopened(t, s)
	if g := create(t, s); g.Number() != 3 {
		t.Errorf("after 2 was dropped comes %d, want 3", g.Number())
	}
	must(t, s.FinishActivation(3, time.Unix(1, 0)))
	if g := create(t, s); g.Number() != 4 {
		t.Errorf("after the activation of 3 comes %d, want 4", g.Number())
	}
}

// The file is closed and opened at every point where a crash may come.
func TestActivationOutlivesACrashAtAnyPoint(t *testing.T) {
	s := open(t, newPath(t))
	create(t, s)
	next := create(t, s)
	must(t, next.Commit(Mark{Position: 5, Identity: "identity"}, Change{"k": []byte("v")}, nil, nil))
	s = reopened(t, s)
	wantNumbers(t, s, numbers{All: []uint64{1, 2}, Active: 1})

	must(t, s.BeginActivation(2, true))
	s = reopened(t, s)
	wantNumbers(t, s, numbers{All: []uint64{1, 2}, Active: 1, Activating: 2})

	must(t, s.FinishActivation(2, time.Unix(1, 0)))
	s = reopened(t, s)
	wantNumbers(t, s, numbers{All: []uint64{1, 2}, Active: 2})
	wantServed(t, s, 1, time.Unix(1, 0))

	must(t, s.FinishActivation(2, time.Unix(9, 0))) // as a start does that mends it
	wantNumbers(t, s, numbers{All: []uint64{1, 2}, Active: 2})
	wantServed(t, s, 1, time.Unix(1, 0))
	g, err := s.Generation(2)
	must(t, err)
	wantStates(t, g, map[string]string{"k": "v"})
}

// wantServed checks until when a generation has served that is kept; the zero time is
// of one that is not.
func wantServed(t *testing.T, s *Store, generation uint64, want time.Time) {
	t.Helper()
	g, err := s.Generation(generation)
	must(t, err)
	until, ok, err := g.Served()
	must(t, err)
	if ok == want.IsZero() || !until.Equal(want) {
		t.Errorf("generation %d has served until %v, %v, want %v", generation, until, ok, want)
	}
}

// Of generations it is noted which one has served until when, and not of one that is
// not to be kept, or serves again.
func TestServed(t *testing.T) {
	s := open(t, newPath(t))
	for range 3 {
		create(t, s)
	}
	activate := func(n uint64, keep bool) {
		t.Helper()
		must(t, s.BeginActivation(n, keep))
		s = reopened(t, s)
		must(t, s.FinishActivation(n, time.Unix(int64(n), 0)))
		s = reopened(t, s)
	}
	activate(2, true)
	wantServed(t, s, 1, time.Unix(2, 0))
	activate(3, false)
	wantServed(t, s, 2, time.Time{})
	activate(1, true)
	wantServed(t, s, 1, time.Time{})
	wantServed(t, s, 3, time.Unix(1, 0))
	must(t, s.ForgetServed())
	wantServed(t, s, 3, time.Time{})
	wantNumbers(t, s, numbers{All: []uint64{1, 2, 3}, Active: 1})
}

func TestWhatIsInUseIsNotDropped(t *testing.T) {
	s := open(t, newPath(t))
	create(t, s)
	create(t, s)
	must(t, s.BeginActivation(2, true))
	for _, n := range []uint64{1, 2} {
		if err := s.Drop(n); err == nil || !strings.Contains(err.Error(), "it is active") {
			t.Errorf("dropping generation %d: %v, want a refusal", n, err)
		}
	}
	must(t, s.Drop(7)) // one that does not exist is fine
	wantNumbers(t, s, numbers{All: []uint64{1, 2}, Active: 1, Activating: 2})
}

func TestAGenerationThatDoesNotExist(t *testing.T) {
	s := open(t, newPath(t))
	if _, err := s.Generation(1); err == nil || err.Error() != "reading generation 1: it does not exist" {
		t.Errorf("reading it: %v", err)
	}
	if err := s.FinishActivation(1, time.Unix(1, 0)); err == nil {
		t.Error("a generation that does not exist is activated")
	}
	wantNumbers(t, s, numbers{})
}

func TestAFileThatIsInUse(t *testing.T) {
	path := newPath(t)
	open(t, path)
	if _, err := Open(path); err == nil || err.Error() != "opening "+path+": another process has it open" {
		t.Errorf("opening it again: %v", err)
	}
}

// Whatever a mark's bytes are, reading it is an error or gives a mark.
func FuzzMark(f *testing.F) {
	for _, seed := range []string{"", "{}", "null", `{"position":18446744073709551615}`, `{"position":-1}`, `{"position":"1"}`, "\x00"} {
		f.Add([]byte(seed))
	}
	s, err := Open(filepath.Join(f.TempDir(), "state.db"))
	must(f, err)
	f.Cleanup(func() { must(f, s.Close()) })
	create(f, s)
	f.Fuzz(func(t *testing.T, text []byte) {
		must(t, s.db.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketRoot).Bucket(bucketName(1)).Put(keyMark, text)
		}))
		g, err := s.Generation(1)
		if err != nil {
			return
		}
		must(t, g.Commit(g.Mark(), nil, nil, nil))
		again, err := s.Generation(1)
		must(t, err)
		if g.Mark() != again.Mark() {
			t.Errorf("mark %+v is read back as %+v", g.Mark(), again.Mark())
		}
	})
}
