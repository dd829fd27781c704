package imports

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
)

// ends returns what ends a call of the guest.
func ends(call func()) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fault.(error)
		}
	}()
	call()
	return nil
}

// TestAsk holds that a request is copied, an answer is taken once, and that what is
// out of order ends the call.
func TestAsk(t *testing.T) {
	b := newBench(t)
	m := b.module.Memory()
	var asked string
	var kept []byte
	b.guest.Enter(&Outside{Call: func(function string, request []byte) ([]byte, error) {
		asked, kept = function+" "+string(request), request
		return bytes.Repeat([]byte("a"), len(request)), nil
	}})
	m.Write(100, []byte("hello"))
	if n := b.call("sql_query", 100, 5); n != 5 || asked != "sql_query hello" {
		t.Errorf("%q was asked, the answer has %d bytes", asked, n)
	}
	m.Write(100, []byte("HELLO"))
	if string(kept) != "hello" {
		t.Errorf("the request changes with the guest's memory: %s", kept)
	}
	b.call("answer", 102, 5) // over the request
	if got, _ := m.Read(100, 8); string(got) != "HEaaaaa\x00" {
		t.Errorf("the memory is %q", got)
	}
	for name, call := range map[string]func(){
		"twice":                     func() { b.call("answer", 102, 5) },
		"with another length":       func() { b.call("http", 100, 5); b.call("answer", 100, 4) },
		"to beyond the memory":      func() { b.call("http", 100, 5); b.call("answer", wasmtest.Page-4, 5) },
		"a request beyond it":       func() { b.call("http", wasmtest.Page-4, 5) },
		"a request of 2^32-1 bytes": func() { b.call("http", 0, 1<<32-1) },
		"outside of execute":        func() { b.guest.Leave(); b.call("secret", 100, 5) },
		"an answer left behind":     func() { b.guest.Leave(); b.call("answer", 100, 5) },
	} {
		t.Run(name, func(t *testing.T) {
			var use *UseError
			var pointer *PointerError
			if err := ends(call); !errors.As(err, &use) && !errors.As(err, &pointer) {
				t.Errorf("it ends with %v", err)
			}
		})
	}
	broken := errors.New("broken")
	b.guest.Enter(&Outside{Call: func(string, []byte) ([]byte, error) { return nil, broken }})
	if err := ends(func() { b.call("http", 100, 5) }); !errors.Is(err, broken) {
		t.Errorf("an error of the host ends the call with %v", err)
	}
}

// TestAskCostsFuel: bytes of requests and answers are charged.
func TestAskCostsFuel(t *testing.T) {
	b := newBench(t)
	fuel := counter(100)
	b.guest.Fuel = &fuel
	b.guest.Enter(&Outside{Call: func(string, []byte) ([]byte, error) { return make([]byte, 400), nil }})
	b.call("http", 0, 160)
	if fuel != 80 {
		t.Errorf("a request of 160 bytes leaves %d of 100", fuel)
	}
	b.call("answer", 0, 400)
	if fuel != 30 {
		t.Errorf("an answer of 400 bytes leaves %d", fuel)
	}
	if err := ends(func() { b.call("http", 0, 1000) }); !errors.Is(err, ErrFuel) {
		t.Errorf("without fuel it ends with %v", err)
	}
}

type counter uint64

func (c *counter) Get() uint64  { return uint64(*c) }
func (c *counter) Set(v uint64) { *c = counter(v) }

// TestLiveClocks: an executor's clocks are real, and what it waits for passes.
func TestLiveClocks(t *testing.T) {
	b := newBench(t)
	now := time.Unix(1_700_000_000, 0)
	b.guest.Live = NewLive(func() time.Time { return now }, strings.NewReader("0123456789"))
	now = now.Add(3 * time.Second)
	b.want(b.call("clock_time_get", realtime, 1, 8), success)
	if got := b.u64(8); got != 1_700_000_003_000_000_000 {
		t.Errorf("the time of day is %d", got)
	}
	b.want(b.call("clock_time_get", 1, 1, 8), success)
	if got := b.u64(8); got != Epoch+3_000_000_000 {
		t.Errorf("the monotonic clock says %d", got)
	}
	b.want(b.call("random_get", 100, 10), success)
	if got, _ := b.module.Memory().Read(100, 10); string(got) != "0123456789" {
		t.Errorf("random bytes are %q", got)
	}
	if err := ends(func() { b.call("random_get", 100, 10) }); err == nil {
		t.Error("random bytes come from nowhere")
	}

	var waited []time.Duration
	outside := &Outside{Wait: func(d time.Duration) error {
		waited = append(waited, d)
		now = now.Add(d)
		return nil
	}}
	b.subscribe(0, 10, kindClock, 700, false)
	if ids := b.poll(1); fmt.Sprint(ids) != "[10]" || len(waited) > 0 || b.guest.Slept != 700 {
		t.Errorf("before it performs anything: events %v, waited %v, slept %d", ids, waited, b.guest.Slept)
	}
	b.guest.Enter(outside)
	b.subscribe(1, 11, kindClock, 1_700_000_003_000_000_500, true)
	if ids := b.poll(2); fmt.Sprint(ids) != "[11]" || fmt.Sprint(waited) != "[500ns]" || b.guest.Slept != 0 {
		t.Errorf("events %v, waited %v, slept %d; want the earlier one, 500ns", ids, waited, b.guest.Slept)
	}
	outside.Wait = func(time.Duration) error { return ErrWaiting }
	if err := ends(func() { b.poll(1) }); !errors.Is(err, ErrWaiting) {
		t.Errorf("waiting for too long ends with %v", err)
	}
}

// TestRedact: what is secret is neither logged nor told as a complaint.
func TestRedact(t *testing.T) {
	b := newBench(t)
	b.guest.Log.Redact(strings.NewReplacer("s3cret", "[secret token]").Replace)
	m := b.module.Memory()
	m.Write(100, []byte("Bearer s3cret!"))
	b.call("log", 3, 100, 14)
	if got := b.guest.Log.Complaint(); got != "Bearer [secret token]!" {
		t.Errorf("the complaint is %q", got)
	}
	b.guest.Log.write(t.Context(), 1, []byte("it is s3cret\n"))
	if text := b.log.String(); strings.Contains(text, "s3cret") || strings.Count(text, "[secret token]") != 2 {
		t.Errorf("the log is %s", text)
	}
	if got := b.guest.Log.Complaint(); got != "it is [secret token]" {
		t.Errorf("the complaint is %q", got)
	}
}

// TestKindsImport: a projection has nothing of the host, an executor no event mark.
func TestKindsImport(t *testing.T) {
	names := func(k Kind) string {
		var list []string
		for _, fn := range Functions(k) {
			list = append(list, fn.Module+"."+fn.Name)
		}
		return strings.Join(list, " ") + " "
	}
	if got := names(Projection); strings.Contains(got, ModuleHost) || !strings.Contains(got, "refold.begin_event ") || strings.Contains(got, "begin_effect") {
		t.Errorf("a projection may import %s", got)
	}
	if got := names(Executor); strings.Contains(got, "begin_event ") || !strings.Contains(got, "refold_host.answer ") || !strings.Contains(got, "refold.begin_effect ") {
		t.Errorf("an executor may import %s", got)
	}
	seen := map[string]bool{}
	for _, fn := range AllFunctions() {
		if name := fn.Module + "." + fn.Name; seen[name] {
			t.Errorf("%s is offered twice", name)
		} else {
			seen[name] = true
		}
	}
}
