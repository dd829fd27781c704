package file_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/gofrs/flock"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/claim"
	"github.com/refold-dev/refold/plugins/file"
)

// notes is a batch of one insert for each position behind after, up to through.
func notes(after, through event.Position) effect.Batch {
	b := effect.Batch{Pipeline: "notes", Generation: 1, After: after, Through: through}
	for p := after + 1; p <= through; p++ {
		b.Effects = append(b.Effects, effect.Effect{Kind: effect.Insert, Cause: p, Name: "accounts", Body: fmt.Appendf(nil, `{"id":"%d"}`, p)})
	}
	return b
}

func open(t testing.TB, cfg file.Config, generation uint64) *file.Executor {
	t.Helper()
	e, err := file.Open(context.WithoutCancel(t.Context()), cfg, "notes", generation)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func execute(t testing.TB, e *file.Executor, b effect.Batch) {
	t.Helper()
	if err := e.Execute(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// wantNotes compares what readers see with the notes up to a position.
func wantNotes(t *testing.T, cfg file.Config, first, through event.Position) {
	t.Helper()
	var want []string
	for p := first; p <= through; p++ {
		want = append(want, fmt.Sprint(p))
	}
	if got := read(t, cfg, false).Performed(t); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the files have %v, want %d to %d", got, first, through)
	}
}

func TestFilesAndFoldersArePrivate(t *testing.T) {
	cfg := file.Config{Folder: filepath.Join(t.TempDir(), "new", "effects")}
	execute(t, open(t, cfg, 1), notes(0, 3))
	for name, want := range map[string]os.FileMode{
		"": 0o700 | os.ModeDir, "g1": 0o700 | os.ModeDir, "g1/000001.jsonl": 0o600, "refold.json": 0o600, "lock": 0o600,
	} {
		info, err := os.Stat(filepath.Join(cfg.Folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
		}
	}
}

// TestOldFilesGo, and their numbers are not used again.
func TestOldFilesGo(t *testing.T) {
	cfg := file.Config{Folder: t.TempDir(), MaxSize: 1, Keep: 2}
	e := open(t, cfg, 1)
	execute(t, e, notes(0, 1))
	for p := event.Position(1); p < 9; p++ {
		execute(t, e, notes(p, p+1))
	}
	wantNotes(t, cfg, 7, 9)
	for i, path := range files(t, cfg) {
		if want := fmt.Sprintf("%06d.jsonl", 7+i); filepath.Base(path) != want {
			t.Errorf("file %d is %s, want %s", i, filepath.Base(path), want)
		}
	}
	execute(t, open(t, cfg, 1), notes(9, 12)) // several in a batch
	wantNotes(t, cfg, 10, 12)
}

// TestWhateverACrashLeaves is cut off at the next opening.
func TestWhateverACrashLeaves(t *testing.T) {
	within := memory(t)
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(within, "")
		if err != nil {
			rt.Fatal(err)
		}
		cfg := file.Config{Folder: dir, MaxSize: rapid.SampledFrom([]int64{0, 1, 700}).Draw(rt, "max size")}
		through := event.Position(rapid.Uint64Range(0, 9).Draw(rt, "written"))
		execute(t, open(t, cfg, 1), notes(0, through))
		write := func(name string, flags int) {
			f, err := os.OpenFile(filepath.Join(dir, name), flags|os.O_CREATE|os.O_WRONLY, 0o600)
			if err == nil {
				_, err = f.WriteString(rapid.SampledFrom([]string{"", "{", "{\"id\":1}\n", "\x00\x00"}).Draw(rt, "left"))
			}
			if err = errors.Join(err, f.Close()); err != nil {
				rt.Fatal(err)
			}
		}
		list := files(t, cfg)
		if rapid.Bool().Draw(rt, "torn tail") {
			write("current/"+filepath.Base(list[len(list)-1]), os.O_APPEND)
		}
		if rapid.Bool().Draw(rt, "next file") {
			write(fmt.Sprintf("g1/%06d.jsonl", len(list)+1), 0)
			write(fmt.Sprintf("g1/%06d.jsonl", len(list)+2), 0)
		}
		if rapid.Bool().Draw(rt, "half a ledger") {
			write("refold.json.new", 0)
		}
		if rapid.Bool().Draw(rt, "half a link") {
			if err := os.Symlink("g9", filepath.Join(dir, "current.new")); err != nil {
				rt.Fatal(err)
			}
		}
		if rapid.Bool().Draw(rt, "half a generation") {
			if err := os.Mkdir(filepath.Join(dir, "g2"), 0o700); err != nil {
				rt.Fatal(err)
			}
			write("g2/000001.jsonl", 0)
		}
		e := open(t, cfg, 1)
		if p, _ := e.Position(); p != through {
			rt.Fatalf("position %d, want %d", p, through)
		}
		wantNotes(t, cfg, 1, through)
		execute(t, e, notes(through, through+3))
		next := open(t, cfg, 2)
		b := notes(0, through+3)
		b.Generation = 2
		execute(t, next, b)
		if err := next.Activate(t.Context()); err != nil {
			rt.Fatal(err)
		}
		wantNotes(t, cfg, 1, through+3)
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// TestACrashWithinAnActivation is behind or before it: the link decides.
func TestACrashWithinAnActivation(t *testing.T) {
	cfg := file.Config{Folder: t.TempDir()}
	old := open(t, cfg, 1)
	execute(t, old, notes(0, 1))
	next := open(t, cfg, 2)
	b := notes(0, 2)
	b.Generation = 2
	execute(t, next, b)
	link := filepath.Join(cfg.Folder, "current")
	if err := errors.Join(os.Remove(link), os.Symlink("g2", link)); err != nil { // and no more
		t.Fatal(err)
	}
	var fenced *claim.FencedError
	if err := old.Execute(t.Context(), notes(1, 2)); !errors.As(err, &fenced) {
		t.Errorf("the older generation goes on: %v", err)
	}
	if old = open(t, cfg, 1); old.Active() || old.Serving() != 2 {
		t.Errorf("the older generation is active, or not replaced by 2 but %d", old.Serving())
	}
	next = open(t, cfg, 2)
	if !next.Active() {
		t.Error("the generation that the link leads to is not active")
	}
	wantNotes(t, cfg, 1, 2)
	if err := next.Retain(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(cfg.Folder, "g1")); !os.IsNotExist(err) {
		t.Errorf("the older generation is still there: %v", err)
	}
}

// TestManyEngines take the folder from one another: each effect is written once, and
// in order.
func TestManyEngines(t *testing.T) {
	const last = 200
	cfg := file.Config{Folder: t.TempDir(), MaxSize: 5000}
	open(t, cfg, 1)
	var engines sync.WaitGroup
	for range 4 {
		engines.Go(func() {
			for {
				e, err := file.Open(t.Context(), cfg, "notes", 1)
				if err != nil {
					t.Error(err)
					return
				}
				for range 5 {
					at, _ := e.Position()
					if at >= last {
						return
					}
					var fenced *claim.FencedError
					err := e.Execute(t.Context(), notes(at, at+3))
					if errors.As(err, &fenced) {
						break
					} else if err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	engines.Wait()
	p, _ := open(t, cfg, 1).Position()
	wantNotes(t, cfg, 1, p)
}

// TestLockedFolder: who holds the lock for long is waited for, and then it passes.
func TestLockedFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := file.Config{Folder: t.TempDir()}
		e := open(t, cfg, 1)
		lock := flock.New(filepath.Join(cfg.Folder, "lock"))
		if err := lock.Lock(); err != nil {
			t.Fatal(err)
		}
		var retry *effect.RetryError
		if err := e.Execute(t.Context(), notes(0, 1)); !errors.Is(err, file.ErrLocked) || !errors.As(err, &retry) {
			t.Errorf("got error %v, want ErrLocked, which passes", err)
		}
		if _, err := file.Open(t.Context(), cfg, "notes", 1); !errors.Is(err, file.ErrLocked) {
			t.Errorf("got error %v from Open, want ErrLocked", err)
		}
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
		execute(t, e, notes(0, 1))
		wantNotes(t, cfg, 1, 1)
	})
}

func TestFoldersThatAreNotOurs(t *testing.T) {
	write := func(t *testing.T, dir, name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T, dir string)
		want string
	}{
		{"other content", func(t *testing.T, dir string) { write(t, dir, "letter.txt", "dear") }, "has letter.txt in it"},
		{"another pipeline's", func(t *testing.T, dir string) {
			if _, err := file.Open(t.Context(), file.Config{Folder: dir}, "other", 1); err != nil {
				t.Fatal(err)
			}
		}, "belongs to pipeline other"},
		{"a damaged ledger", func(t *testing.T, dir string) { write(t, dir, "refold.json", "{") }, "is damaged"},
		{"a ledger that somebody has edited", func(t *testing.T, dir string) {
			open(t, file.Config{Folder: dir}, 1)
			text, err := os.ReadFile(filepath.Join(dir, "refold.json"))
			if err != nil {
				t.Fatal(err)
			}
			write(t, dir, "refold.json", strings.Replace(string(text), `"file": 1`, `"file": 2`, 1))
		}, "its CRC-32C differs"},
		{"a strange link", func(t *testing.T, dir string) {
			open(t, file.Config{Folder: dir}, 1)
			link := filepath.Join(dir, "current")
			if err := errors.Join(os.Remove(link), os.Symlink("/etc", link)); err != nil {
				t.Fatal(err)
			}
		}, "which is no generation"},
		{"a shorter file", func(t *testing.T, dir string) {
			e := open(t, file.Config{Folder: dir}, 1)
			execute(t, e, notes(0, 3))
			if err := os.Truncate(filepath.Join(dir, "g1", "000001.jsonl"), 5); err != nil {
				t.Fatal(err)
			}
			var lost *file.LostError
			if err := e.Execute(t.Context(), notes(3, 4)); !errors.As(err, &lost) || lost.Size != 5 {
				t.Errorf("got error %v, want a LostError", err)
			}
		}, "has 5 bytes of the "},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			c.make(t, dir)
			before := content(t, dir)
			if _, err := file.Open(t.Context(), file.Config{Folder: dir}, "notes", 1); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
			if after := content(t, dir); after != before {
				t.Errorf("the folder had\n%s\nand has\n%s", before, after)
			}
		})
	}
	path := filepath.Join(t.TempDir(), "file")
	write(t, filepath.Dir(path), "file", "")
	if _, err := file.Open(t.Context(), file.Config{Folder: path}, "notes", 1); err == nil || !strings.Contains(err.Error(), "create the folder") {
		t.Errorf("a file in its place: %v", err)
	}
}

// content is all that is in a folder, but for the lock.
func content(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "lock" {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(&all, "%s: %q\n", path, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestClosedExecutorRefuses(t *testing.T) {
	e := open(t, file.Config{Folder: t.TempDir()}, 1)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"Execute": e.Execute(t.Context(), notes(0, 1)), "Activate": e.Activate(t.Context()), "Discard": e.Discard(t.Context()),
	} {
		if !errors.Is(err, claim.ErrClosed) {
			t.Errorf("%s after Close gives %v, want claim.ErrClosed", name, err)
		}
	}
}
