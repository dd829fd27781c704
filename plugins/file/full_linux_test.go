package file_test

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/file"
)

// TestFullDisk fills a small disk: what does not fit passes, leaves nothing half
// written, and is written once there is room.
func TestFullDisk(t *testing.T) {
	for name, size := range map[string]int64{"one file": 0, "small files": 4000} {
		t.Run(name, func(t *testing.T) {
			dir := smallDisk(t)
			ballast := dir + "/ballast"
			if err := os.WriteFile(ballast, []byte(strings.Repeat("x", 64<<10)), 0o600); err != nil {
				t.Fatal(err)
			}
			cfg := file.Config{Folder: dir + "/effects", MaxSize: size}
			e := open(t, cfg, 1)
			const step = 80
			var at event.Position
			for full := false; !full; {
				err := e.Execute(t.Context(), notes(at, at+step))
				var retry *effect.RetryError
				switch {
				case err == nil:
					at += step
				case errors.Is(err, file.ErrDiskFull) && errors.As(err, &retry):
					full = true
				default:
					t.Fatalf("got error %v, want ErrDiskFull, which passes", err)
				}
				if p, _ := e.Position(); p != at {
					t.Fatalf("position %d, want %d", p, at)
				}
				wantNotes(t, cfg, 1, at)
			}
			if _, err := file.Open(t.Context(), cfg, "other", 1); err == nil {
				t.Error("the ledger is gone")
			}
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
			execute(t, e, notes(at, at+step))
			wantNotes(t, cfg, 1, at+step)
		})
	}
}

// smallDisk is a file system of 256 KiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("refold-test", dir, "tmpfs", 0, "size=256k"); err != nil {
		if errors.Is(err, syscall.EPERM) {
			t.Skip("mounting a small disk takes root:", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}
