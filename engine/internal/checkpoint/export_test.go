package checkpoint

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/internal/root"
)

// exportOf is a generation with something of everything, and its export.
func exportOf(t testing.TB) (*Generation, []byte) {
	t.Helper()
	g := create(t, open(t, newPath(t)))
	must(t, g.Commit(Mark{Position: 4, Delivered: 2, Filtered: 1, Parked: 1, Identity: "identity", Module: "module"},
		Change{"": {}, "a": []byte("1"), "b": bytes.Repeat([]byte{'x'}, 9000)}, &Image{Snapshot: []byte("snapshot"), Answer: root.Digest{1}},
		&Aside{Waits: []Waiting{{"c", 3}}, Parked: map[string]*Parked{"c": {Failure: Failure{Position: 3}}}}))
	var out bytes.Buffer
	m, err := g.Export(&out)
	must(t, err)
	if m != g.Mark() {
		t.Fatalf("its mark is %+v", m)
	}
	return g, out.Bytes()
}

// What is imported is what was exported, root and all, and goes on from there.
func TestWhatIsExportedIsImported(t *testing.T) {
	g, text := exportOf(t)
	copied, err := open(t, newPath(t)).Import(bytes.NewReader(text), 7)
	must(t, err)
	if copied.Number() != 7 || copied.Mark() != g.Mark() || copied.Root() != g.Root() {
		t.Errorf("generation %d is at %+v, with the root %+v", copied.Number(), copied.Mark(), copied.Root())
	}
	wantStates(t, copied, map[string]string{"": "", "a": "1", "b": string(bytes.Repeat([]byte{'x'}, 9000))})
	if snapshot, err := copied.Snapshot(); err != nil || string(snapshot) != "snapshot" {
		t.Errorf("the snapshot is %q, %v", snapshot, err)
	}
	var damage *DamageError
	if err := copied.CheckAnswer(root.Digest{2}); copied.CheckAnswer(g.Answer()) != nil || g.Answer().IsZero() || !errors.As(err, &damage) {
		t.Errorf("another answer than %s is %v", copied.Answer(), err)
	}
	for _, one := range []*Generation{g, copied} {
		if waits, err := one.WaitingOf("c"); err != nil || len(waits) != 1 {
			t.Errorf("there wait %v, %v", waits, err)
		}
		m := one.Mark()
		m.Position, m.Delivered = 5, 3
		must(t, one.Commit(m, Change{"a": nil}, nil, nil))
		must(t, one.Verify())
	}
	if g.Root() != copied.Root() {
		t.Errorf("behind it the roots are %+v and %+v", g.Root(), copied.Root())
	}
}

// An export of which any byte is another, or that is cut off, is refused.
func TestADamagedExportIsRefused(t *testing.T) {
	_, text := exportOf(t)
	rapid.Check(t, func(rt *rapid.T) {
		damaged := bytes.Clone(text)
		if at := rapid.IntRange(0, len(text)-1).Draw(rt, "at"); rapid.Bool().Draw(rt, "cut") {
			damaged = damaged[:at]
		} else {
			damaged[at] ^= byte(rapid.IntRange(1, 255).Draw(rt, "by"))
		}
		s := open(t, newPath(t))
		s.db.NoSync = true
		g, err := s.Import(bytes.NewReader(damaged), 1)
		if err == nil && g.Mark().Position == event.Position(4) && g.Verify() == nil {
			return // what zstd does not look at
		}
		if err == nil {
			rt.Fatal("it is taken")
		}
		if err := s.Close(); err != nil {
			rt.Fatal(err)
		}
	})
}

func FuzzImport(f *testing.F) {
	_, text := exportOf(f)
	f.Add(text)
	f.Add([]byte(exportMagic))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := open(t, newPath(t))
		s.db.NoSync = true
		if g, err := s.Import(bytes.NewReader(text), 1); err == nil {
			must(t, g.Verify())
		}
	})
}
