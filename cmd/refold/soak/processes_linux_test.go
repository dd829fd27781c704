package soak

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/cmd/refold/internal/enginetest"
)

// plugins are the processes of the ledger: those that a process has started, or all.
func plugins(t *testing.T, parent int) (pids []int) {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		exe, err := os.Readlink(filepath.Join(filepath.Dir(path), "exe"))
		if err != nil || exe != plugin {
			continue
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		of, err := strconv.Atoi(strings.Fields(rest)[1])
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path))); parent == 0 || of == parent {
			pids = append(pids, pid)
		}
	}
	return pids
}

// wantNoOrphans waits until no process of the ledger is left.
func wantNoOrphans(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(enginetest.Deadline); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if len(plugins(t, 0)) == 0 {
			return
		}
	}
	t.Errorf("processes %v have outlived their engines", plugins(t, 0))
}
