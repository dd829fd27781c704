package checkpoint

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"go.uber.org/goleak"

	"github.com/refold-dev/refold/domain/event"
)

// envFile names, for the child process of a test, the file to commit to.
const envFile = "REFOLD_CHECKPOINT_TEST_FILE"

func TestMain(m *testing.M) {
	if path := os.Getenv(envFile); path != "" {
		fmt.Fprintln(os.Stderr, commitForEver(path))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// commitForEver commits position after position, each with its number as the
// state of some keys and as the snapshot, and prints it once it is committed.
func commitForEver(path string) error {
	s, err := Open(path)
	if err != nil {
		return err
	}
	g, err := s.Generation(1)
	if err != nil {
		return err
	}
	for m := g.Mark(); ; {
		m.Position++
		m.Delivered++
		text := numbered(m.Position)
		change := Change{"always": text, string(binary.BigEndian.AppendUint64(nil, uint64(m.Position%50))): text}
		if err := g.Commit(m, change, &Image{Snapshot: text}, nil); err != nil {
			return err
		}
		fmt.Println(m.Position)
	}
}

// numbered is a position as bytes that fill some pages.
func numbered(p event.Position) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(p)), make([]byte, 2000)...)
}

// Invariant 1, under kill -9: what was said to be committed is there, and mark,
// states and snapshot are of one commit.
func TestKilledWhileCommitting(t *testing.T) {
	path := newPath(t)
	s, err := Open(path)
	must(t, err)
	create(t, s)
	must(t, s.Close())
	for round := range 5 {
		said := killAfter(t, path, 20+7*round)
		s, err := Open(path)
		must(t, err)
		g, err := s.Generation(1)
		must(t, err)
		m := g.Mark()
		if m.Position < said || m.Delivered != uint64(m.Position) {
			t.Errorf("round %d: the mark is %+v, position %d was said to be committed", round, m, said)
		}
		snapshot, err := g.Snapshot()
		must(t, err)
		if got := event.Position(binary.BigEndian.Uint64(snapshot)); got != m.Position {
			t.Errorf("round %d: the snapshot is of %d, the mark of %d", round, got, m.Position)
		}
		if got := newest(t, g); got != m.Position {
			t.Errorf("round %d: the newest state is of %d, the mark of %d", round, got, m.Position)
		}
		must(t, s.Close())
	}
}

func newest(t *testing.T, g *Generation) (p event.Position) {
	t.Helper()
	must(t, g.Each(func(_, state []byte) error {
		p = max(p, event.Position(binary.BigEndian.Uint64(state)))
		return nil
	}))
	return p
}

// killAfter runs a child that commits, kills it when it has said so n times, and
// returns the last position that it said.
func killAfter(t *testing.T, path string, n int) (said event.Position) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), envFile+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	for lines := bufio.NewScanner(out); lines.Scan(); {
		p, err := strconv.ParseUint(lines.Text(), 10, 64)
		must(t, err)
		said = event.Position(p)
		if n--; n == 0 {
			must(t, child.Process.Kill())
		}
	}
	if err := child.Wait(); err == nil || n > 0 {
		t.Fatalf("the child ended by itself: %v", err)
	}
	return said
}
