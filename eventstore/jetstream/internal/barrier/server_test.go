package barrier

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzFolder asks for streams by any name: what is flushed is a folder among the
// streams' own, and nothing beside them.
func FuzzFolder(f *testing.F) {
	for _, name := range []string{"S", "", ".", "..", "../S", "S/", "S/msgs", "/", "S\x00", "s", "../../outside"} {
		f.Add(name)
	}
	root := f.TempDir()
	streams := filepath.Join(root, "jetstream", "streams")
	for _, dir := range []string{filepath.Join(streams, "S", "msgs"), filepath.Join(root, "outside")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, name string) {
		var flushed []string
		s := &Server{root: root, streams: streams, folders: make(map[string]*folder), flush: func(file *os.File) error {
			flushed = append(flushed, file.Name())
			return nil
		}}
		err := s.sync(name)
		if known := name == "S"; known != (err == nil) {
			t.Fatalf("flushing %q: %v", name, err)
		}
		for _, path := range flushed {
			if !strings.HasPrefix(streams, path) && !strings.HasPrefix(path, filepath.Join(streams, "S")) {
				t.Fatalf("flushing %q flushed %q", name, path)
			}
		}
	})
}
