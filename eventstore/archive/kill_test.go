package archive

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/storetest/process"
)

const childVariable = "REFOLD_ARCHIVE_TEST_CHILD"

// TestMain is also the programs that TestKill and TestStoreCrash kill.
func TestMain(m *testing.M) {
	process.Serve(map[string]process.Open{"archive": openEngine})
	if dir := os.Getenv(childVariable); dir != "" {
		appendForEver(dir)
	}
	os.Exit(m.Run())
}

const killEvents = 20_000

// appendForEver appends in small steps and prints each head once it is reached.
func appendForEver(dir string) {
	log := makeLog(killEvents)
	a, err := Open(dir, Options{SegmentBytes: 50_000})
	if err != nil {
		panic(err)
	}
	for at := int(a.Head()); at < len(log); {
		n := min(at%5+1, len(log)-at)
		if err := a.Append(log[at : at+n]); err != nil {
			panic(err)
		}
		at += n
		if _, err := os.Stdout.WriteString(strconv.Itoa(at) + "\n"); err != nil {
			panic(err)
		}
	}
}

// TestKill kills a process that appends, again and again, after different
// numbers of appends.
func TestKill(t *testing.T) {
	const perArchive = 10 // rounds
	rounds := 4 * perArchive
	if testing.Short() {
		rounds = perArchive
	}
	log := makeLog(killEvents)
	var dir string
	for round := range rounds {
		if round%perArchive == 0 {
			dir = t.TempDir()
		}
		told := killAfter(t, dir, 20+round*37%250)
		a, err := Open(dir, Options{SegmentBytes: 50_000})
		if err != nil {
			t.Fatalf("round %d: open: %v", round, err)
		}
		head := a.Head()
		if int(head) < told {
			t.Fatalf("round %d: head is %d, %d was reached before the kill", round, head, told)
		}
		all, err := a.ReadAll(1, int(head)+1)
		if d := diff(log[:head], all); err != nil || d != "" {
			t.Fatalf("round %d: %v\n%s", round, err, d)
		}
		if r, err := a.Verify(t.Context()); err != nil || r.Head != head {
			t.Fatalf("round %d: %+v, %v", round, r, err)
		}
		wantLast(t, a, log[head-1])
		mustClose(t, a)
	}
}

func wantLast(t *testing.T, a *Archive, last event.Recorded) {
	t.Helper()
	version, at, err := lastOf(a, last.Aggregate)
	if err != nil || version != last.Version || at != last.Position {
		t.Fatalf("Last: version %d at %d, %v, want %d at %d", version, at, err, last.Version, last.Position)
	}
}

// killAfter runs the appending process, kills it after it printed some heads,
// and returns the last one that it printed, which may be later.
func killAfter(t *testing.T, dir string, lines int) (told int) {
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
	printed := bufio.NewReader(out)
	for n := 1; ; n++ {
		line, err := printed.ReadString('\n')
		if err != nil && n <= lines {
			t.Fatalf("the process ended early: %v", err)
		}
		if err != nil {
			break // the rest of a line is no head
		}
		if told, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
			t.Fatal(err)
		}
		if n == lines {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // says that it was killed
	return told
}
