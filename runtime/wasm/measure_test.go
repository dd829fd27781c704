package wasm_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/frame"
)

func measuredBatch(t *testing.T, events int) []byte {
	t.Helper()
	var w frame.BatchWriter
	w.Reset([]string{"file_added", "file_modified", "file_deleted"}, 2)
	w.BeginGroup([]byte("docs"), nil, false)
	for i := range events {
		w.AddEvent(&frame.Event{Position: uint64(i + 1), Type: "file_added", AggregateType: "file",
			Data: []byte("{}"), Slots: []frame.Slot{frame.IntSlot(int64(i)), frame.IntSlot(2)}})
	}
	batch, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

// TestMeasuredFuelIsTheBudgetThatAnEventNeeds: with what was measured an event is
// folded, with less it is not.
func TestMeasuredFuelIsTheBudgetThatAnEventNeeds(t *testing.T) {
	ctx := context.Background()
	path := conformance.BuildC(t, "../../sdk/c", "../../examples/git-history/c/lines_by_dir/lines_by_dir.c")
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close(ctx)
	m, err := host.LoadMeasured(ctx, path, wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	i, err := m.Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	batch := measuredBatch(t, 3)
	measured, spent, err := i.FoldMeasured(ctx, batch)
	if err != nil || len(spent.Events) != 3 || spent.Rest <= 0 {
		t.Fatalf("spent %+v, %v", spent, err)
	}
	most := max(spent.Events[0], spent.Events[1], spent.Events[2])
	for _, c := range []struct {
		fuel   int64
		enough bool
	}{{most, true}, {most - 100, false}} { // a mark costs less than 100 units
		m, err := host.Load(ctx, path, wasm.Limits{FuelPerEvent: c.fuel})
		if err != nil {
			t.Fatal(err)
		}
		i, err := m.Instantiate(ctx)
		if err != nil {
			t.Fatal(err)
		}
		result, err := i.Fold(ctx, batch)
		if c.enough {
			checkUsed(t, i, spent)
		}
		var guest *runtime.GuestError
		switch {
		case c.enough && (err != nil || string(result) != string(measured)):
			t.Errorf("with %d units: %v; want what was measured", c.fuel, err)
		case !c.enough && (!errors.As(err, &guest) || guest.Code != runtime.OutOfFuel):
			t.Errorf("with %d units: %v; want the fuel to be used up", c.fuel, err)
		}
	}
}

// TestExamine: what a file declares is told of modules that load and of some that
// do not.
func TestExamine(t *testing.T) {
	facts, err := wasm.Examine(conformance.BuildC(t, "../../sdk/c", "../../sdk/conformance/guests/c/mirror.c"), wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if facts.Refusal != nil || !facts.Names || len(facts.Digest) != 64 || facts.Functions == 0 || len(facts.Memory) != 1 {
		t.Errorf("%+v", facts)
	}
	for _, i := range facts.Imports {
		if !i.Allowed {
			t.Errorf("%s %s is not allowed", i.Name, i.Type)
		}
	}
}

// TestExamineSaysWhatIsNotAllowed: of a module that does not load.
func TestExamineSaysWhatIsNotAllowed(t *testing.T) {
	m := wasmtest.Guest()
	m.Imports = []wasmtest.Import{{Module: "env", Name: "now", Results: "I"}, {Module: "refold", Name: "begin_event", Params: "i"}}
	path := filepath.Join(t.TempDir(), "m.wasm")
	if err := os.WriteFile(path, m.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	facts, err := wasm.Examine(path, wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []wasm.Import{{Name: "env.now", Type: "() -> i64"}, {Name: "refold.begin_event", Type: "(i32)", Allowed: true}}
	if d := cmp.Diff(want, facts.Imports); d != "" {
		t.Error(d)
	}
	if facts.Refusal == nil || facts.Refusal.Code != runtime.ForbiddenImport || facts.Names {
		t.Errorf("refusal %v, names %t", facts.Refusal, facts.Names)
	}
}

// checkUsed: what an instance says that it has used is what was measured, but for the
// marks of the three events and of their end, and for making room.
func checkUsed(t *testing.T, i *wasm.Instance, spent wasm.Spent) {
	t.Helper()
	total := uint64(spent.Rest + spent.Events[0] + spent.Events[1] + spent.Events[2])
	fuel, memory := i.Used()
	if fuel > total+400 || fuel+400 < total {
		t.Errorf("used %d units, %d were measured", fuel, total)
	}
	if memory != uint64(i.MemoryPages())<<16 {
		t.Errorf("has %d bytes in %d pages", memory, i.MemoryPages())
	}
	if again, _ := i.Used(); again != 0 {
		t.Errorf("and %d units more without a call", again)
	}
}
