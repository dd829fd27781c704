package process_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/sdk/framejson"
	"github.com/refold-dev/refold/sdk/manifest"
)

func wantCode(t *testing.T, err error, code runtime.Code) *runtime.GuestError {
	t.Helper()
	var fault *runtime.GuestError
	if !errors.As(err, &fault) || fault.Code != code {
		t.Fatalf("error is %v, want one with the code %s", err, code)
	}
	return fault
}

// messages are the bodies of a result's effects.
func messages(r framejson.Result) (list []string) {
	for _, e := range r.Effects {
		list = append(list, string(e.Body))
	}
	return list
}

func TestLoad(t *testing.T) {
	p, log := load(t, as(t, "keyed"))
	m := p.Manifest()
	if m.Name != "tally" || m.State != manifest.Keyed || m.Key != "key" || m.SDK != "refold-go" {
		t.Errorf("the manifest is %+v", m)
	}
	if !strings.HasPrefix(p.Digest(), "sha256:") || len(p.Digest()) != 71 {
		t.Errorf("the digest is %q", p.Digest())
	}
	if !strings.Contains(log.String(), "not pinned") {
		t.Error("nobody is told that the executable is not pinned")
	}
}

func TestFold(t *testing.T) {
	i, _ := start(t, as(t, "keyed"))
	state := `{"n":41}`
	batch := keyed(t, &state, "nothing", "nothing")
	for range 3 {
		r := fold(t, i, batch)
		if len(r.Groups) != 1 || string(*r.Groups[0].State) != `{"n":43}` || len(r.Effects) != 2 {
			t.Fatalf("the result is %+v", r)
		}
	}
	r := fold(t, i, keyed(t, nil, "nothing", "reject"))
	if r.Rejected == nil || r.Rejected.Event != 1 || string(r.Rejected.Reason) != "rejected on demand" {
		t.Errorf("the result is %+v", r)
	}
}

func TestPanicNamesItsEvent(t *testing.T) {
	i, log := start(t, as(t, "stateless"))
	_, err := i.Fold(t.Context(), unkeyed(t, "nothing", "nothing", "panic"))
	fault := wantCode(t, err, runtime.Trap)
	if fault.Event != 2 || !strings.Contains(fault.Reason, "panicked on demand") {
		t.Errorf("the fault is %v", fault)
	}
	log.until(t, "obey") // the trace
	_, err = i.Fold(t.Context(), unkeyed(t, "nothing"))
	wantCode(t, err, runtime.Dead)
}

// TestCrashIsNoLoss: what one process has died of, and the next one has not, is an
// accident. Nothing is lost, whoever keeps the state.
func TestCrashIsNoLoss(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	for _, role := range []string{"stateless", "resident"} {
		t.Run(role, func(t *testing.T) {
			c := as(t, role, tempFile(t, "crashed"))
			i, log := start(t, c)
			fold(t, i, unkeyed(t, "nothing", "nothing"))
			got := messages(fold(t, i, unkeyed(t, "nothing", "crash-once", "nothing")))
			if role == "resident" && strings.Join(got, " ") != "3 4 5" {
				t.Errorf("the effects are %v", got)
			}
			if !strings.Contains(log.String(), "exit status 9") {
				t.Error("the crash is not logged")
			}
		})
	}
}

// TestPoisonKillsEachProcess: what every process dies of is to blame itself.
func TestPoisonKillsEachProcess(t *testing.T) {
	i, _ := start(t, as(t, "keyed"))
	_, err := i.Fold(t.Context(), keyed(t, nil, "nothing", "panic-outside"))
	fault := wantCode(t, err, runtime.Crashed)
	if !strings.Contains(fault.Reason, "fell over") || !strings.Contains(fault.Reason, "2 before it") {
		t.Errorf("the fault is %v", fault)
	}
	var passing interface{ Retryable() (time.Duration, bool) }
	if errors.As(err, &passing) {
		t.Error("a verdict passes for an accident")
	}
}

func TestHang(t *testing.T) {
	c := as(t, "stateless", tempFile(t, "hung"))
	c.Timeout = 2 * time.Second
	t.Run("once", func(t *testing.T) {
		i, log := start(t, c)
		fold(t, i, unkeyed(t, "hang-once", "nothing"))
		log.until(t, "did not answer within 2s")
	})
	t.Run("each time", func(t *testing.T) {
		i, _ := start(t, c)
		_, err := i.Fold(t.Context(), unkeyed(t, "nothing", "hang"))
		if fault := wantCode(t, err, runtime.Hung); fault.Event != 1 {
			t.Errorf("event %d is blamed: %v", fault.Event, err)
		}
	})
}

// TestKilledBetweenCalls: a process that ends while nobody calls it is replaced.
func TestKilledBetweenCalls(t *testing.T) {
	i, _ := start(t, as(t, "resident"))
	for n := range 3 {
		r := messages(fold(t, i, unkeyed(t, "pid")))
		if r[1] != strconv.Itoa(n+1) {
			t.Fatalf("the effects are %v, want the total %d", r, n+1)
		}
		kill(t, r[0])
	}
}

func kill(t testing.TB, pid string) { signal(t, pid, syscall.SIGKILL) }
func stop(t testing.TB, pid string) { signal(t, pid, syscall.SIGSTOP) }

func signal(t testing.TB, pid string, s syscall.Signal) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	must(t, err)
	must(t, syscall.Kill(n, s))
}

func TestResidentStateSurvives(t *testing.T) {
	p, _ := load(t, as(t, "resident"))
	i := instantiate(t, p)
	fold(t, i, unkeyed(t, "nothing", "nothing", "nothing"))
	taken, err := i.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fold(t, i, unkeyed(t, "nothing"))
	other := instantiate(t, p)
	fold(t, other, unkeyed(t, "nothing"))
	if err := other.Restore(t.Context(), taken); err != nil {
		t.Fatal(err)
	}
	pid := messages(fold(t, other, unkeyed(t, "pid")))[0]
	kill(t, pid)
	if a, b := query(t, i), query(t, other); a != `{"n":4}` || b != a {
		t.Errorf("the answers are %s and %s, want 4", a, b)
	}
	if answer, err := other.Query(t.Context(), []byte("part")); err != nil || len(answer) != 0 {
		t.Errorf("a query that is refused: %q, %v", answer, err)
	}
}

type querier interface {
	Query(context.Context, []byte) ([]byte, error)
}

func query(t *testing.T, q querier) string {
	t.Helper()
	answer, err := q.Query(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func TestRestoreRefuses(t *testing.T) {
	i, _ := start(t, as(t, "resident"))
	fold(t, i, unkeyed(t, "nothing"))
	taken, err := i.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := append([]byte{}, taken...)
	other[10] ^= 1
	wantCode(t, i.Restore(t.Context(), other), runtime.SnapshotMismatch)
	wantCode(t, i.Restore(t.Context(), taken[:20]), runtime.SnapshotCorrupt)
	if got := query(t, i); got != `{"n":1}` {
		t.Errorf("a refused snapshot changed the state to %s", got)
	}
	damaged := append(append([]byte{}, taken[:36]...), "{"...)
	wantCode(t, i.Restore(t.Context(), damaged), runtime.SnapshotCorrupt)
}

func TestResidentWithoutSavingIsRefused(t *testing.T) {
	h, _ := newHost(t)
	_, err := h.Load(t.Context(), as(t, "amnesiac"))
	wantCode(t, err, runtime.BadManifest)
}

func TestQueryOfTheStateless(t *testing.T) {
	i, _ := start(t, as(t, "stateless"))
	if answer, err := i.Query(t.Context(), nil); err != nil || len(answer) != 0 {
		t.Errorf("the answer is %q, error %v", answer, err)
	}
}

func TestCancelled(t *testing.T) {
	i, _ := start(t, as(t, "stateless"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := i.Fold(ctx, unkeyed(t, "nothing")); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	fold(t, i, unkeyed(t, "nothing"))
	h, _ := newHost(t)
	if _, err := h.Load(ctx, as(t, "stateless")); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// TestLargeFrames: a batch and a result of many megabytes go through.
func TestLargeFrames(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	i, _ := start(t, as(t, "stateless"))
	commands := make([]string, 1000)
	for n := range commands {
		commands[n] = "grow 20000"
	}
	batch := unkeyed(t, commands...)
	if got := fold(t, i, batch); len(got.Effects) != 1000 || len(got.Effects[999].Body) != 20_000 {
		t.Errorf("%d effects", len(got.Effects))
	}
	_, err := i.Fold(t.Context(), unkeyed(t, "grow 70000000"))
	wantCode(t, err, runtime.OutputTooLarge)
}

func TestCloseTwice(t *testing.T) {
	i, _ := start(t, as(t, "stateless"))
	pid := messages(fold(t, i, unkeyed(t, "pid")))[0]
	closeInstance(t, i)
	closeInstance(t, i)
	if isAlive(t, pid) {
		t.Error("the process is alive after Close")
	}
	_, err := i.Fold(t.Context(), unkeyed(t, "nothing"))
	wantCode(t, err, runtime.Dead)
}

// isAlive reports whether a process has not ended; one that has, and is not reaped
// by whoever has adopted it, has.
func isAlive(t testing.TB, pid string) bool {
	t.Helper()
	if status, err := os.ReadFile("/proc/" + pid + "/stat"); err == nil {
		_, rest, _ := strings.Cut(string(status), ") ")
		return !strings.HasPrefix(rest, "Z")
	}
	if _, err := os.Stat("/proc/self/stat"); err == nil {
		return false
	}
	status, err := exec.Command("ps", "-o", "stat=", "-p", pid).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(status)), "Z")
}
