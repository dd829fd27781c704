package wasm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/sdk/frame"
)

func TestFoldInGo(t *testing.T) {
	i := start(t, goGuest())
	b := batch(t, "add", "add", "emit", "add")
	out, err := i.Fold(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := frame.OpenBatch(b)
	if err != nil {
		t.Fatal(err)
	}
	result, err := frame.OpenResult(out, opened)
	if err != nil {
		t.Fatal(err)
	}
	var effects []frame.Effect
	for e := range result.Effects() {
		effects = append(effects, e)
	}
	want := []frame.Effect{{Kind: frame.Insert, Cause: 2, Name: []byte("rows"), Body: []byte(`{"n":2}`)}}
	if diff := cmp.Diff(want, effects); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
	var answer struct {
		Query   string
		Tallies map[string]struct{ Count int }
	}
	if err := json.Unmarshal([]byte(query(t, i, "what")), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Query != "what" || len(answer.Tallies) != 3 {
		t.Errorf("answer is %+v, want the query and 3 aggregates", answer)
	}
}

func TestFoldInC(t *testing.T) {
	i := start(t, cGuest(t))
	types := slices.Repeat([]string{"add"}, 20)
	for range 3 {
		fold(t, i, types...)
	}
	if got, want := query(t, i, ""), `{"aggregates":8,"events":60,"bytes":450}`; got != want {
		t.Errorf("answer is %s, want %s", got, want)
	}
}

func TestModuleSaysWhatItIs(t *testing.T) {
	m := load(t, newHost(t, nil), goGuest(), Limits{})
	if got := m.Manifest(); got.Name != "tally" || got.State != "resident" {
		t.Errorf("manifest is %+v", got)
	}
	if d := m.Digest(); !strings.HasPrefix(d, "sha256:") || len(d) != 71 {
		t.Errorf("digest is %q", d)
	}
	if m.Size() < 1<<20 || !m.CanQuery() {
		t.Errorf("size %d, queries %v", m.Size(), m.CanQuery())
	}
	if !slices.Contains(m.Imports(), "refold.begin_event") || !slices.IsSorted(m.Imports()) {
		t.Errorf("imports are %v", m.Imports())
	}
}

// TestNoWorld holds invariant 1: what a guest can find out about its machine.
func TestNoWorld(t *testing.T) {
	i := start(t, goGuest())
	fold(t, i, "world", "sleep", "goroutine")
	var answer struct{ Notes map[string]string }
	if err := json.Unmarshal([]byte(query(t, i, "")), &answer); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"world":       "0 0 true",
		"slept":       "1h0m0s until 1970-01-01T01:00:01Z",
		"goroutine 2": "came back",
	}
	if diff := cmp.Diff(want, answer.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

// TestInstancesAgree holds invariant 1: the same calls, the same state.
func TestInstancesAgree(t *testing.T) {
	m := load(t, newHost(t, nil), goGuest(), Limits{})
	a, b := instantiate(t, m), instantiate(t, m)
	for range 20 {
		types := []string{"add", "random", "grow", "goroutine", "emit", "sleep", "forget", "random"}
		if x, y := fold(t, a, types...), fold(t, b, types...); !bytes.Equal(x, y) {
			t.Fatal("results differ")
		}
	}
	if x, y := query(t, a, ""), query(t, b, ""); x != y {
		t.Errorf("states differ:\n%s\n%s", x, y)
	}
	if !bytes.Equal(a.memory(), b.memory()) {
		t.Error("memories differ")
	}
}

// TestDeath holds invariant 3, and that a failure names its event.
func TestDeath(t *testing.T) {
	m := load(t, newHost(t, nil), goGuest(), Limits{})
	for _, tt := range []struct {
		event  string
		code   runtime.Code
		reason string
	}{
		{"panic", runtime.Trap, `trapped: unreachable, having said "panic: the guest is unhappy"`},
		{"exit", runtime.Exit, "exited with code 3"},
	} {
		t.Run(tt.event, func(t *testing.T) {
			i := instantiate(t, m)
			_, err := i.Fold(t.Context(), batch(t, "emit", "log", tt.event))
			guest := guestError(t, err, tt.code)
			if index, ok := guest.EventIndex(); index != 2 || !ok {
				t.Errorf("event is %d, %v; want 2", index, ok)
			}
			if guest.Plugin != "tally" || !strings.HasPrefix(guest.Reason, tt.reason) {
				t.Errorf("error is %v", guest)
			}
			_, err = i.Fold(t.Context(), batch(t, "add"))
			guestError(t, err, runtime.Dead)
			_, err = i.Query(t.Context(), nil)
			guestError(t, err, runtime.Dead)
			_, err = i.Snapshot(t.Context())
			guestError(t, err, runtime.Dead)
			guestError(t, i.Restore(t.Context(), nil), runtime.Dead)
		})
	}
}

// TestCallerGaveUp: a cancelled context is no fault of the guest, which goes on.
func TestCallerGaveUp(t *testing.T) {
	i := start(t, goGuest())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var guest *runtime.GuestError
	if _, err := i.Fold(ctx, batch(t, "add")); !errors.Is(err, context.Canceled) || errors.As(err, &guest) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
	if _, err := i.Fold(t.Context(), make([]byte, frame.MaxSize+1)); err == nil || errors.As(err, &guest) {
		t.Errorf("error for a batch that is too large is %v", err)
	}
	fold(t, i, "add")
}

// TestFoldAllocatesNothing holds invariant 4, and the check of the result to the
// same.
func TestFoldAllocatesNothing(t *testing.T) {
	for _, guest := range []struct {
		name string
		path func(testing.TB) string
	}{{"go", func(testing.TB) string { return goGuest() }}, {"c", cGuest}} {
		t.Run(guest.name, func(t *testing.T) {
			i := start(t, guest.path(t))
			b := batch(t, slices.Repeat([]string{"add"}, 1024)...)
			opened, err := frame.OpenBatch(b)
			if err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			n := testing.AllocsPerRun(20, func() {
				result, err := i.Fold(ctx, b)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := frame.OpenResult(result, opened); err != nil {
					t.Fatal(err)
				}
			})
			if n != 0 {
				t.Errorf("a fold of 1024 events makes %v allocations", n)
			}
		})
	}
}

func TestLog(t *testing.T) {
	var log bytes.Buffer
	i := instantiate(t, load(t, newHost(t, &log), goGuest(), Limits{LogBytes: 1 << 10}))
	fold(t, i, "print", "log")
	for _, line := range []string{
		`level=INFO msg="to standard output" plugin=tally`,
		`level=WARN msg="to standard error" plugin=tally`,
		`level=WARN msg="without an end" plugin=tally`,
		`level=ERROR msg="to the log" plugin=tally`,
	} {
		if strings.Count(log.String(), line) != 1 {
			t.Errorf("the log lacks %s:\n%s", line, log.String())
		}
	}
	log.Reset()
	fold(t, i, "flood")
	if n := strings.Count(log.String(), "again and again"); n != 1024/(64+len("again and again")) {
		t.Errorf("%d lines of a flood went through", n)
	}
	if !strings.Contains(log.String(), `msg="plugin log cut" plugin=tally dropped_bytes=1499`) {
		t.Errorf("the log does not say what was dropped:\n%s", log.String())
	}
	log.Reset()
	fold(t, i, "print")
	if !strings.Contains(log.String(), "to standard output") {
		t.Error("the next call has no log")
	}
}

func TestNoQuery(t *testing.T) {
	i := hand(t, guestWith(nil))
	_, err := i.Query(t.Context(), nil)
	guestError(t, err, runtime.NoQuery)
	fold(t, i, "add")
}
