package snapshot

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
)

// TestDirIsAMap holds a folder, opened anew each time, against a map: what was
// saved last for an aggregate is loaded, and what was deleted is absent.
func TestDirIsAMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		folder, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		model := map[event.Aggregate]aggregate.Snapshot{}
		aggregates := rapid.Custom(func(rt *rapid.T) event.Aggregate {
			types := []string{"compute", "compute_a", "a", "new", "con", strings.Repeat("z", event.MaxTypeLength)}
			return event.Aggregate{Type: rapid.SampledFrom(types).Draw(rt, "type"), ID: numbered(rapid.IntRange(1, 4).Draw(rt, "id"))}
		})
		rt.Repeat(map[string]func(*rapid.T){
			"save": func(rt *rapid.T) {
				s := drawSnapshot(rt, aggregates.Draw(rt, "aggregate"))
				if err := At(folder).Save(t.Context(), s); err != nil {
					rt.Fatal(err)
				}
				model[s.Aggregate] = s
			},
			"delete": func(rt *rapid.T) {
				agg := aggregates.Draw(rt, "aggregate")
				name, err := At(folder).file(agg)
				if err != nil {
					rt.Fatal(err)
				}
				if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
					rt.Fatal(err)
				}
				delete(model, agg)
			},
			"": func(rt *rapid.T) {
				agg := aggregates.Draw(rt, "looked for")
				got, found, err := At(folder).Load(t.Context(), agg)
				want, kept := model[agg]
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || found != kept || err != nil {
					rt.Fatalf("%s: found %v, %v (-saved +loaded):\n%s", agg, found, err, diff)
				}
			},
		})
		checkSize(rt, folder, len(model))
	})
}

func drawSnapshot(t *rapid.T, agg event.Aggregate) aggregate.Snapshot {
	return aggregate.Snapshot{
		Aggregate: agg,
		Version:   event.Version(rapid.Uint64Min(1).Draw(t, "version")),
		Position:  event.Position(rapid.Uint64().Draw(t, "position")),
		EventID:   numbered(rapid.IntRange(0, 1<<16).Draw(t, "event")),
		Revision:  rapid.String().Draw(t, "revision"),
		Digest:    [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest")),
		State:     rapid.SliceOf(rapid.Byte()).Draw(t, "state"),
	}
}

// checkSize counts the files: one per aggregate, and nothing beside.
func checkSize(t interface{ Fatalf(string, ...any) }, folder string, want int) {
	kept, _ := filepath.Glob(filepath.Join(folder, "??", "*.snapshot"))
	beside, _ := filepath.Glob(filepath.Join(folder, ".new", "*"))
	if len(kept) != want || len(beside) != 0 {
		t.Fatalf("%d snapshots and %d files beside, want %d and none", len(kept), len(beside), want)
	}
}

func TestLoadingMakesNothing(t *testing.T) {
	d := At(filepath.Join(t.TempDir(), "snapshots"))
	if s, found, err := d.Load(t.Context(), sound(1).Aggregate); found || err != nil {
		t.Errorf("found %+v, %v", s, err)
	}
	if _, err := os.Stat(d.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder has been made: %v", err)
	}
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	d := At(filepath.Join(t.TempDir(), "snapshots"))
	save(t, d, sound(1))
	for p, want := range map[string]os.FileMode{d.path: 0o700, path(t, d, sound(1).Aggregate): 0o600} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", p, info.Mode(), err)
		}
	}
}

// A type that is no name must not lead out of the folder.
func TestForeignTypes(t *testing.T) {
	d := At(filepath.Join(t.TempDir(), "snapshots"))
	for _, name := range []string{"", ".", "..", "../x", "/x", "a/b", "a\x00b", "A", `a\b`, strings.Repeat("a", 5000)} {
		s := sound(1)
		s.Aggregate.Type = name
		var field *event.FieldError
		if err := d.Save(t.Context(), s); !errors.As(err, &field) {
			t.Errorf("saving type %.20q: %v", name, err)
		}
		if _, found, err := d.Load(t.Context(), s.Aggregate); found || !errors.As(err, &field) {
			t.Errorf("loading type %.20q: %v", name, err)
		}
	}
	if _, err := os.Stat(d.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written: %v", err)
	}
}

func TestSaveRefuses(t *testing.T) {
	d := At(t.TempDir())
	none, large := sound(1), sound(1)
	none.Version = 0
	large.State = make([]byte, maxSize)
	for want, s := range map[string]aggregate.Snapshot{
		"there is none of an aggregate without events":            none,
		"it would have 67108984 bytes; at most 67108864 are kept": large,
	} {
		if err := d.Save(t.Context(), s); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	checkSize(t, d.path, 0)
}

// Ids of one moment, whose first bytes are the same, are spread over folders.
func TestSharding(t *testing.T) {
	d, shards := At("d"), map[string]int{}
	for n := range 10_000 {
		shards[filepath.Dir(path(t, d, event.Aggregate{Type: "compute", ID: numbered(n)}))]++
	}
	if len(shards) != 256 {
		t.Errorf("%d folders, want 256", len(shards))
	}
	for shard, n := range shards {
		if n > 100 {
			t.Errorf("%d of 10,000 files in %s", n, shard)
		}
	}
}

func TestAbandonedFilesAreRemoved(t *testing.T) {
	d := At(t.TempDir())
	old, young := filepath.Join(d.beside(), "1"), filepath.Join(d.beside(), "2")
	for _, p := range []string{old, young} {
		mustWrite(t, p, []byte("RFA1"))
	}
	long := time.Now().Add(-2 * abandonedAfter)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	save(t, d, sound(1))
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old file: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("the young file, which somebody may be writing: %v", err)
	}
}

// What is in the way of a file is an error, and leaves nothing.
func TestSaveFails(t *testing.T) {
	d := At(t.TempDir())
	if err := os.MkdirAll(filepath.Join(path(t, d, sound(1).Aggregate), "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.Save(t.Context(), sound(1)); err == nil {
		t.Error("saved over a folder")
	}
	if beside, err := os.ReadDir(d.beside()); len(beside) != 0 || err != nil {
		t.Errorf("left beside: %v, %v", beside, err)
	}
	if s, found, err := d.Load(t.Context(), sound(1).Aggregate); found || err == nil {
		t.Errorf("a folder was loaded: %+v", s)
	}
}

// The layout is what people see, and what a later version has to find.
func TestLayout(t *testing.T) {
	want := filepath.Join("refold-data", "snapshots", "e6", "compute-01900000-0000-7000-8000-000000000001.snapshot")
	if got := path(t, At(filepath.Join("refold-data", "snapshots")), sound(1).Aggregate); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
