package soak

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/refold-dev/refold/cmd/refold/internal/enginetest"
	"github.com/refold-dev/refold/engine"
)

// On a small disk there is the database of the pipeline, or everything.
const smallDatabase = `
  - name: sandboxed
    projection: {wasm: %[2]s}
    executors:
      - sqlite:
          path: ../disk/sandboxed.db` + schema + `
        retry: {attempts: 1000, first: 10ms, longest: 100ms}
`

// TestDiskOfTheReadModelIsFull fills the disk that a read model is on. The engine
// says so, waits until there is room, and goes on by itself.
func TestDiskOfTheReadModelIsFull(t *testing.T) {
	l, folder := newLog(*events), t.TempDir()
	disk := smallDisk(t, filepath.Join(folder, "disk"), 1600)
	d := newDirectory(t, folder, "", smallDatabase)
	d.pipelines = nil // the database is looked at below
	e := d.Start()
	e.WaitUntilItRuns()
	d.Import(l.text(0, *events/2))
	d.WaitFor(*events/2, 1)
	disk.fill()
	d.Import(l.text(*events/2, *events))
	d.waitForTrouble()
	disk.free()
	d.WaitFor(*events, 1)
	d.check(l)
	wantTables(t, "in SQLite", l.want, read(t, "sqlite", filepath.Join(folder, "disk", "sandboxed.db")))
	e.Terminate()
}

// waitForTrouble waits until an executor is said to wait for something.
func (d *directory) waitForTrouble() {
	d.Helper()
	var list []engine.Status
	for end := time.Now().Add(enginetest.Deadline); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		list = d.Status()
		for _, s := range list {
			for _, x := range s.Executors {
				if x.Error != "" {
					d.Logf("the executor says: %s", x.Error)
					return
				}
			}
		}
	}
	d.Fatalf("no executor is in trouble: %+v", list)
}

// TestDiskOfEverythingIsFull fills the disk that the log, the archive, the states
// and a read model are on, while events come in. What was acknowledged is there
// when there is room again, and the rest is imported again.
func TestDiskOfEverythingIsFull(t *testing.T) {
	l, folder := newLog(*events), t.TempDir()
	disk := smallDisk(t, folder, 4800)
	d := newDirectory(t, folder, "", processed)
	e := d.Start()
	e.WaitUntilItRuns()
	d.Import(l.text(0, *events/2))
	d.WaitFor(*events/2, 1)
	for round := range max(*faults/4, 1) { // each waits for the server's answer, in vain
		disk.fill()
		out, err := enginetest.Output(d.Importing(l.text(*events/2, *events)))
		if err == nil || !strings.Contains(err.Error(), "no space left on device") {
			t.Errorf("round %d: an import onto a full disk says %s, %v", round, out, err)
		}
		disk.free()
		e.Kill()
		e = d.Start()
		e.WaitUntilItRuns()
	}
	d.importAgain(l.text(*events/2, *events))
	d.WaitFor(*events, 1)
	d.check(l)
	e.Terminate()
	d.check(l)
}

// disk is a small one of its own.
type disk struct {
	*testing.T
	path string
}

// smallDisk mounts one, of so many bytes an event. Who may not do that runs the test in a namespace of its own,
// in which everybody may.
func smallDisk(t *testing.T, path string, each int) *disk {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	err := syscall.Mount("tmpfs", path, "tmpfs", 0, fmt.Sprint("size=", *events*each))
	if errors.Is(err, syscall.EPERM) {
		inNamespace(t)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(path, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return &disk{t, path}
}

// inNamespace runs this test again, as the root of a namespace, and ends it.
func inNamespace(t *testing.T) {
	t.Helper()
	const inside = "REFOLD_TEST_INSIDE"
	c := exec.Command("unshare", "--user", "--map-root-user", "--mount", os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v",
		fmt.Sprintf("-events=%d", *events), fmt.Sprintf("-faults=%d", *faults))
	c.Env = append(os.Environ(), inside+"=1")
	if os.Getenv(inside) != "" {
		t.Fatal("not even the root of a namespace may mount a disk")
	}
	if out, err := exec.Command("unshare", "--user", "--map-root-user", "--mount", "true").CombinedOutput(); err != nil && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED: this user may neither mount a disk nor make a namespace in which it may: %v %s", err, out)
	}
	out, err := c.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
	t.SkipNow()
}

func (d *disk) ballast() string { return filepath.Join(d.path, "ballast") }

// fill leaves no room.
func (d *disk) fill() {
	d.Helper()
	f, err := os.Create(d.ballast())
	if err != nil {
		d.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 1<<20); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		d.Fatalf("filling the disk: %v", err)
	}
}

// free makes room.
func (d *disk) free() {
	d.Helper()
	if err := os.Remove(d.ballast()); err != nil {
		d.Fatal(err)
	}
}
