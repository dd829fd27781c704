package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/plugins/claim"
	"github.com/refold-dev/refold/plugins/rows"
)

func noteConfig(path string) Config {
	return Config{
		Path: path, BusyTimeout: time.Millisecond,
		Tables: []rows.Table{{
			Name:       "notes",
			Columns:    []rows.Column{{Name: "id", Type: rows.Integer}, {Name: "body", Type: rows.Text}},
			PrimaryKey: []string{"id"},
		}},
	}
}

func openNotes(t *testing.T, path string) *Executor {
	t.Helper()
	e, err := Open(t.Context(), noteConfig(path), "notes", 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func note(id int, body string) effect.Batch {
	row := fmt.Sprintf(`{"id":%d,"body":%q}`, id, body)
	return effect.Batch{
		Pipeline: "notes", Generation: 1, Through: 1,
		Effects: []effect.Effect{{Kind: effect.Insert, Cause: 1, Name: "notes", Body: []byte(row)}},
	}
}

func TestFileAndFolderArePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "read.db")
	e := openNotes(t, path)
	if err := e.Execute(t.Context(), note(1, "x")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{
		path: 0o600, path + "-wal": 0o600, filepath.Dir(path): 0o700 | os.ModeDir,
	} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
		}
	}
}

func TestAnyPathIsTheFilesName(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a b", "what?mode=memory", "50%20", "#1", "file:x", "é", "a'b\"c", ":memory:"} {
		path := filepath.Join(dir, name)
		openNotes(t, path)
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("nothing was written to %q: %v, %v", name, info, err)
		}
	}
}

func TestPathsThatAreNoDatabase(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, want string }{
		{"a folder", dir, "the path is a folder"},
		{"another file", text, "not a sound SQLite database"},
		{"below a file", filepath.Join(text, "read.db"), "create the folder"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Open(t.Context(), noteConfig(c.path), "notes", 1)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestLockedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "read.db")
	other := openNotes(t, path)
	e := openNotes(t, path)
	if _, err := other.session.conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if err := e.Execute(t.Context(), note(1, "x")); !errors.Is(err, ErrLocked) || !passes(err) {
		t.Errorf("got error %v, want ErrLocked, which passes", err)
	}
	if _, err := Open(t.Context(), noteConfig(path), "notes", 1); !errors.Is(err, ErrLocked) {
		t.Errorf("got error %v from Open, want ErrLocked", err)
	}
	if _, err := other.session.conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := e.Execute(t.Context(), note(1, "x")); err != nil {
		t.Errorf("after the lock was released: %v", err)
	}
}

func TestFullDisk(t *testing.T) {
	e := openNotes(t, filepath.Join(t.TempDir(), "read.db"))
	pages, err := e.session.column(t.Context(), "PRAGMA page_count")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.session.exec(t.Context(), "PRAGMA max_page_count="+pages[0]); err != nil {
		t.Fatal(err)
	}
	if err := e.Execute(t.Context(), note(1, strings.Repeat("x", 1<<20))); !errors.Is(err, ErrDiskFull) || !passes(err) {
		t.Errorf("got error %v, want ErrDiskFull, which passes", err)
	}
	if p, _ := e.Position(); p != 0 {
		t.Errorf("position is %d, want 0", p)
	}
	if err := e.Execute(t.Context(), note(1, "x")); err != nil {
		t.Errorf("a row that fits: %v", err)
	}
}

// passes reports whether an error says that the same may succeed later.
func passes(err error) bool {
	var r *effect.RetryError
	return errors.As(err, &r)
}

func TestClosedExecutorRefuses(t *testing.T) {
	e := openNotes(t, filepath.Join(t.TempDir(), "read.db"))
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"Execute":  e.Execute(t.Context(), note(1, "x")),
		"Activate": e.Activate(t.Context()),
		"Discard":  e.Discard(t.Context()),
	} {
		if !errors.Is(err, claim.ErrClosed) {
			t.Errorf("%s after Close gives %v, want claim.ErrClosed", name, err)
		}
	}
}

func TestUnknownBookkeepingVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "read.db")
	e := openNotes(t, path)
	if _, err := e.session.exec(t.Context(), "UPDATE _refold_format SET version = 2"); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), noteConfig(path), "notes", 1)
	if err == nil || !strings.Contains(err.Error(), "have version 2, this program knows version 1") {
		t.Errorf("got error %v, want one about the version", err)
	}
}
