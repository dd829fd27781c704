package process_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/runtime/process"
	refold "github.com/refold-dev/refold/sdk/go"
	guest "github.com/refold-dev/refold/sdk/process"
)

type balance struct {
	N int64 `json:"n"`
}

// serveLedger serves a keyed projection: a row for each account.
func serveLedger() {
	refold.Register(refold.Keyed[balance]{
		Name: "ledger", Key: "account", Events: []string{"booked"},
		Fold: func(s *balance, e refold.Event, out *refold.Effects) error {
			s.N += amount.Of(e)
			out.Insert("accounts", out.Object().Text("id", e.Key()).Int("balance", s.N).JSON())
			return nil
		},
	})
	guest.ServeProjection()
}

// serveSum serves a resident projection: a row for each event, with the sum of all
// before it.
func serveSum() {
	var sum int64
	refold.Register(refold.Resident{
		Name: "sum", Events: []string{"booked"},
		Fold: func(e refold.Event, out *refold.Effects) error {
			sum += amount.Of(e)
			out.Insert("entries", out.Object().Text("account", account.Of(e)).Uint("seq", e.Position()).Int("amount", sum).JSON())
			return nil
		},
		Query: func(string) ([]byte, error) { return json.Marshal(balance{sum}) },
	})
	guest.ServeResident(func() ([]byte, error) { return json.Marshal(sum) }, func(text []byte) error { return json.Unmarshal(text, &sum) })
}

// booked is how many events the log has.
const booked = 6000

// bookings is a log in memory, always the same.
func bookings(t *testing.T) *memory.Store {
	log := memory.New()
	b, err := log.Bulk(t.Context())
	must(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	for n := range booked {
		e := event.Event{
			ID: uuid.NewSHA1(uuid.Nil, []byte(strconv.Itoa(n))), Type: "booked", SchemaVersion: 1,
			Aggregate:     event.Aggregate{Type: "account", ID: uuid.NewSHA1(uuid.Nil, []byte("a"))},
			Time:          time.Unix(int64(n), 0).UTC(),
			CorrelationID: uuid.NewSHA1(uuid.Nil, []byte("c")),
			Data:          fmt.Appendf(nil, `{"account":"a%d","amount":%d}`, random.IntN(40), random.IntN(100)),
		}
		_, err := b.Add(t.Context(), e)
		must(t, err)
	}
	must(t, b.Flush(t.Context()))
	must(t, b.Close())
	return log
}

// run is what an engine with both projections, and an executor for each, makes of
// the log. disturb is called between two batches.
func run(t *testing.T, log *memory.Store, disturb func()) (models []string) {
	dir := t.TempDir()
	h, _ := newHost(t)
	ledger, err := h.Load(t.Context(), as(t, "ledger"))
	must(t, err)
	sum, err := h.Load(t.Context(), as(t, "sum"))
	must(t, err)
	programs := map[string]*process.Program{"ledger": ledger, "sum": sum}
	options := engine.Options{
		Log: log, Dir: filepath.Join(dir, "state"), Logger: slog.New(slog.DiscardHandler), Now: time.Now,
		BatchSize: 50, CheckpointEvery: 20 * time.Millisecond,
		Observer: engine.Observer{Folded: func(string, uint64, event.Position, int, int) { disturb() }},
		OpenPlugin: func(ctx context.Context, spec config.Projection) (engine.Plugin, error) {
			return programs[spec.WASM].Instantiate(ctx)
		},
		OpenExecutor: func(ctx context.Context, _ config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
			return h.OpenExecutor(ctx, as(t, "sqlite"), process.Opening{
				Pipeline: pipeline, Generation: generation, Config: ledgerConfig(t, filepath.Join(dir, pipeline+".db"))})
		},
	}
	var specs []config.Pipeline
	for _, name := range []string{"ledger", "sum"} {
		retry := config.Retry{Attempts: 100, First: config.Duration(time.Millisecond)}
		specs = append(specs, config.Pipeline{Name: name, Projection: config.Projection{WASM: name},
			Executors: []config.Executor{{Null: &config.Null{}, Delivery: config.Delivery{Retry: retry}}}})
	}
	e, err := engine.Open(t.Context(), options, specs)
	must(t, err)
	must(t, e.CatchUp(t.Context()))
	for _, name := range []string{"ledger", "sum"} {
		text, err := e.State(t.Context(), name, nil)
		must(t, err)
		models = append(models, string(text))
	}
	must(t, e.Close(t.Context()))
	for name, table := range map[string]string{"ledger": "accounts", "sum": "entries"} {
		var list []string
		for key, row := range readRows(t, filepath.Join(dir, name+".db"), table) {
			list = append(list, table+" "+key+" "+row)
		}
		slices.Sort(list)
		models = append(models, list...)
	}
	slices.Sort(models)
	return models
}

// TestKilledWhileFolding: projections and executors are killed at moments that
// nobody chose; the read models are those of a run in which nobody was.
func TestKilledWhileFolding(t *testing.T) {
	if testing.Short() {
		t.Skip("short: it starts a hundred processes")
	}
	log := bookings(t)
	want := run(t, log, func() {})
	if len(want) < booked {
		t.Fatalf("the models have %d rows", len(want))
	}
	killer := newKiller(int64(booked / 650))
	got := run(t, log, killer.batch)
	killed := killer.end()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-undisturbed +disturbed):\n%s", diff)
	}
	t.Logf("%d processes were killed", killed)
	if killed < 10 {
		t.Error("that shows little")
	}
}

// killer kills a plugin, whichever it is, some time after every so many batches.
type killer struct {
	every   int64
	batches atomic.Int64
	wanted  chan struct{}
	ended   chan struct{}
	killed  int
}

func newKiller(every int64) *killer {
	k := &killer{every: every, wanted: make(chan struct{}, 1), ended: make(chan struct{})}
	go k.work()
	return k
}

func (k *killer) batch() {
	if k.batches.Add(1)%k.every != 0 {
		return
	}
	select {
	case k.wanted <- struct{}{}:
	default: // one is on its way
	}
}

func (k *killer) work() {
	defer close(k.ended)
	random := rand.New(rand.NewPCG(3, 4))
	for range k.wanted {
		time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond) // no wait for anything: the moment is to be any
		victims := plugins()
		if len(victims) == 0 {
			continue
		}
		pid, _ := strconv.Atoi(victims[random.IntN(len(victims))])
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			k.killed++
		}
	}
}

func (k *killer) end() (killed int) {
	close(k.wanted)
	<-k.ended
	return k.killed
}

// plugins are the processes that this one has started as plugins.
func plugins() (list []string) {
	names, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) < 2 || fields[0] == "Z" || fields[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		command, err := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
		if args := strings.Split(string(command), "\x00"); err == nil && len(args) > 1 && roles[args[1]] != nil {
			list = append(list, filepath.Base(filepath.Dir(name)))
		}
	}
	return list
}
