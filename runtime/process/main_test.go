package process_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/refold-dev/refold/runtime/process"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
)

// TestMain is a plugin where the first argument says which one: the tests start
// their own executable.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if play, ok := roles[os.Args[1]]; ok {
			play(os.Args[2:])
			os.Exit(0)
		}
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

var background = context.Background()

// patience bounds how long a test waits for what must come.
const patience = 60 * time.Second

// as is the command of a plugin that plays a role.
func as(t testing.TB, role string, args ...string) process.Command {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return process.Command{Path: self, Args: append([]string{role}, args...), Timeout: patience}
}

// journal is a log that a test reads.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// until waits for a text in the log.
func (j *journal) until(t *testing.T, text string) {
	t.Helper()
	eventually(t, "the log to say "+text, func() bool { return strings.Contains(j.String(), text) })
}

func eventually(t testing.TB, what string, good func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !good(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s", what)
		}
	}
}

func newHost(t testing.TB) (*process.Host, *journal) {
	t.Helper()
	log := &journal{}
	t.Cleanup(func() {
		if t.Failed() {
			text := log.String()
			t.Logf("the log's end:\n%s", text[max(0, len(text)-10_000):])
		}
	})
	return process.NewHost(process.Options{Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}), log
}

func load(t testing.TB, c process.Command) (*process.Program, *journal) {
	t.Helper()
	h, log := newHost(t)
	p, err := h.Load(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return p, log
}

func start(t testing.TB, c process.Command) (*process.Instance, *journal) {
	t.Helper()
	p, log := load(t, c)
	return instantiate(t, p), log
}

func instantiate(t testing.TB, p *process.Program) *process.Instance {
	t.Helper()
	i, err := p.Instantiate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeInstance(t, i) })
	return i
}

func closeInstance(t testing.TB, i *process.Instance) {
	t.Helper()
	if err := i.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// unkeyed is a batch of events that command something.
func unkeyed(t testing.TB, commands ...string) []byte {
	return build(t, framejson.Group{Events: commanded(commands)})
}

// keyed is a batch of events of one key.
func keyed(t testing.TB, state *string, commands ...string) []byte {
	t.Helper()
	key := framejson.Text("k")
	g := framejson.Group{Key: &key, Events: commanded(commands)}
	if state != nil {
		prior := framejson.Text(*state)
		g.State = &prior
	}
	return build(t, g)
}

func commanded(commands []string) (list []framejson.Event) {
	for n, do := range commands {
		list = append(list, framejson.Event{Position: uint64(n + 1), Version: uint64(n + 1), Type: "commanded", AggregateType: "thing",
			Slots: []framejson.Slot{{Kind: "string", Value: framejson.Text(do)}, {Kind: "null"}, {Kind: "null"}}})
	}
	return list
}

func build(t testing.TB, g framejson.Group) []byte {
	b, err := framejson.Batch{Types: []string{"commanded"}, SlotsPerEvent: 3, Groups: []framejson.Group{g}}.Frame()
	must(t, err)
	return b
}

// read is what a result says of a batch.
func read(t testing.TB, batch, result []byte) framejson.Result {
	b, err := frame.OpenBatch(batch)
	must(t, err)
	r, err := frame.OpenResult(result, b)
	must(t, err)
	return framejson.OfResult(r)
}

// must ends the test, or a role that plays without one, for an error.
func must(t testing.TB, err error) {
	switch {
	case err == nil:
	case t == nil:
		panic(err)
	default:
		t.Helper()
		t.Fatal(err)
	}
}

func fold(t testing.TB, i *process.Instance, batch []byte) framejson.Result {
	t.Helper()
	out, err := i.Fold(t.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, batch, out)
}

func tempFile(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(t.TempDir(), name)
}
