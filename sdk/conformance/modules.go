package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Modules is the folder where tests keep modules in their compiled form, whichever
// package they are of: a host's cache. An entry goes by the module's bytes and the
// compiler's version, so none can be out of date.
func Modules(t testing.TB) string {
	t.Helper()
	dir, err := ModulesFolder()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// ModulesFolder is Modules where there is no test yet.
var ModulesFolder = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("keeping compiled modules: %w", err)
	}
	dir := filepath.Join(cache, "refold-tools", "modules")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("keeping compiled modules: %w", err)
	}
	return dir, forget(filepath.Join(dir, "*", "*"))
})

// keptFor is how long something that is built is kept.
const keptFor = 7 * 24 * time.Hour

// forget deletes what is older, lest it becomes ever more.
func forget(pattern string) error {
	old, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	for _, path := range old {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > keptFor {
			_ = os.Remove(path) // else another process has
		}
	}
	return nil
}
