package main

import "testing"

func TestAtLeast(t *testing.T) {
	for version, want := range map[string]bool{
		"2.12.0": true, "2.12.1-RC.2": true, "v2.14.0": true, "3.0.0": true,
		"2.11.9": false, "2.9.25": false, "1.20.0": false, "": false, "dev": false,
	} {
		if got := atLeast(version, 2, 12); got != want {
			t.Errorf("%q is at least 2.12: %v", version, got)
		}
	}
}

func TestSize(t *testing.T) {
	for bytes, want := range map[uint64]string{0: "0.0 B", 1536: "1.5 KiB", 3 << 30: "3.0 GiB", 5 << 50: "5120.0 TiB"} {
		if got := size(bytes); got != want {
			t.Errorf("%d bytes: %q, want %q", bytes, got, want)
		}
	}
}

// TestFreeSpace holds that the disk of a folder can be asked, and that a wrong
// path is an error.
func TestFreeSpace(t *testing.T) {
	if free, err := freeSpace(t.TempDir()); err != nil || free == 0 {
		t.Errorf("%d bytes are free, %v", free, err)
	}
	if _, err := freeSpace(t.TempDir() + "/nowhere"); err == nil {
		t.Error("a folder that is not there has free space")
	}
}
