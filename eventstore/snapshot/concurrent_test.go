package snapshot

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
)

const childVariable = "REFOLD_SNAPSHOT_TEST_CHILD"

// TestMain is also the program that TestKill kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		saveForEver(At(dir))
	}
	os.Exit(m.Run())
}

// versioned is a snapshot of 50 to 150 KiB whose content follows from its
// version: more than one write of the system, and what is torn shows.
func versioned(v event.Version) aggregate.Snapshot {
	s := sound(1)
	s.Version = v
	s.State = bytes.Repeat([]byte{byte(v)}, 50<<10+int(v*977%(100<<10)))
	return s
}

func checkVersioned(t *testing.T, s aggregate.Snapshot) {
	t.Helper()
	if want := versioned(s.Version); !bytes.Equal(s.State, want.State) || s.EventID != want.EventID {
		t.Fatalf("the snapshot of version %d is not what was saved", s.Version)
	}
}

func saveForEver(d Dir) {
	for v := event.Version(1); ; v++ {
		if err := d.Save(context.Background(), versioned(v)); err != nil {
			panic(err)
		}
		if _, err := os.Stdout.WriteString(strconv.FormatUint(uint64(v), 10) + "\n"); err != nil {
			panic(err)
		}
	}
}

// TestKill kills a process that saves, ten times, and loads what it left: the
// snapshot that it told of last, or a later one, as a whole.
func TestKill(t *testing.T) {
	d := At(t.TempDir())
	for round := range 10 {
		told := killAfter(t, d.path, 20+round*7)
		s, found, err := d.Load(t.Context(), sound(1).Aggregate)
		if !found || err != nil || s.Version < told {
			t.Fatalf("round %d: version %d after %d, %v", round, s.Version, told, err)
		}
		checkVersioned(t, s)
	}
}

func killAfter(t *testing.T, dir string, lines int) (told event.Version) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(out)
	for range lines {
		if !scanner.Scan() {
			t.Fatalf("the process ended early: %v", scanner.Err())
		}
		n, err := strconv.ParseUint(scanner.Text(), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		told = event.Version(n)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out) // the process may write until it is gone
	_ = cmd.Wait()                  // says that it was killed
	return told
}

// TestConcurrentSaves: readers beside writers see whole snapshots only.
func TestConcurrentSaves(t *testing.T) {
	d := At(t.TempDir())
	save(t, d, versioned(1))
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for w := range 4 {
		writers.Go(func() {
			for i := range 100 {
				if err := d.Save(t.Context(), versioned(event.Version(1+w*100+i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				s, found, err := d.Load(t.Context(), sound(1).Aggregate)
				if !found || err != nil {
					t.Errorf("found %v, %v", found, err)
					return
				}
				if !bytes.Equal(s.State, versioned(s.Version).State) {
					t.Errorf("the snapshot of version %d is torn", s.Version)
					return
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	checkSize(t, d.path, 1)
}

// TestDeletedWhileInUse: the folder may go at any time. A Save that this
// happens to may fail; the next one is well again.
func TestDeletedWhileInUse(t *testing.T) {
	d := At(t.TempDir() + "/snapshots")
	var saver sync.WaitGroup
	done := make(chan struct{})
	saver.Go(func() {
		for v := event.Version(1); ; v++ {
			select {
			case <-done:
				return
			default:
			}
			if err := d.Save(t.Context(), versioned(v)); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Error(err)
			}
		}
	})
	for range 50 {
		_ = os.RemoveAll(d.path) // fails where the other one is quicker
		if s, found, err := d.Load(t.Context(), sound(1).Aggregate); err != nil {
			t.Error(err)
		} else if found {
			checkVersioned(t, s)
		}
	}
	close(done)
	saver.Wait()
	save(t, d, versioned(7))
}
