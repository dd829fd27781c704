package blockfiles

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzNames puts a file of any name among a stream's blocks: the blocks are
// flushed all the same, as they grow and after others begin.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"index.db", "2.blk.tmp", "x.blk", ".blk", "-3.blk", "+7.blk", "007.blk", "1_0.blk", "99999999999999999999.blk", "4.blk", "3.key"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		root := t.TempDir()
		blocks := filepath.Join(root, "S", "msgs")
		if err := os.MkdirAll(blocks, 0o700); err != nil {
			t.Fatal(err)
		}
		put := func(name string) {
			if err := os.WriteFile(filepath.Join(blocks, name), []byte(name), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if strings.ContainsAny(name, "/\x00") || len(name) > 200 || name == "" || name == "." || name == ".." {
			return
		}
		put("1.blk")
		put(name)
		flushed := make(map[string]bool)
		folder := NewFolder(root, filepath.Join(root, "S"), func(file *os.File) error {
			flushed[filepath.Base(file.Name())] = true
			return nil
		})
		for _, next := range []string{"2.blk", "3.blk"} {
			if err := folder.Sync(); err != nil {
				t.Fatalf("beside %q: %v", name, err)
			}
			clear(flushed)
			put(next)
			if err := folder.Sync(); err != nil || !flushed[next] && !isLaterBlock(name) {
				t.Fatalf("beside %q: %v, flushed %v", name, err, flushed)
			}
		}
		if err := folder.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// isLaterBlock reports whether name is a block of its own: blocks before the
// newest one do not grow.
func isLaterBlock(name string) bool {
	digits, ok := strings.CutSuffix(name, ".blk")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == "" && digits[0] != '0' && digits != "1"
}
