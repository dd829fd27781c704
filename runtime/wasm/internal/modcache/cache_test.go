package modcache

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenRefuses(t *testing.T) {
	open := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o770); err != nil { // Mkdir is subject to umask
		t.Fatal(err)
	}
	if _, err := Open(open); err == nil || !strings.Contains(err.Error(), "chmod 700") {
		t.Errorf("a folder that others can write to gives %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil {
		t.Error("a file is opened as a folder")
	}
}

func TestDrop(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	versions, err := filepath.Glob(filepath.Join(dir, "wazero-*"))
	if err != nil || len(versions) != 1 {
		t.Fatalf("the cache has %v, %v; want one folder", versions, err)
	}
	kept, dropped := filepath.Join(dir, "mine"), filepath.Join(versions[0], "entry")
	for _, path := range []string{kept, dropped} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Drop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dropped); err == nil {
		t.Error("the entry is still there")
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error("a file of another's is gone")
	}
	if c.Damaged(nil) || c.Damaged(errors.New("invalid magic number")) {
		t.Error("errors of a module are held against the cache")
	}
}
