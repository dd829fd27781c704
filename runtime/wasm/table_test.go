package wasm

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
	"github.com/refold-dev/refold/sdk/frame"
)

// Instructions and places of the stepper.
const (
	answerAt = 3000
	copiesAt = answerAt + 40 // where memory.init writes
	answer   = 64
	stepAt   = 6 // of a step in an event's data
)

func get(local byte) []byte { return []byte{0x20, local} }

func set(local byte) []byte { return []byte{0x21, local} }

// operand is the digit at a place in the data, whose address is in local 2.
func operand(at byte) []byte {
	return wasmtest.Code(get(2), []byte{0x2d, 0, stepAt + at}, wasmtest.I32('0'), []byte{0x6b})
}

// tableGet is the reference in the slot that operand b says.
func tableGet() []byte { return wasmtest.Code(operand(2), []byte{0x25, 0}) }

// steps are what the stepper does, by their letters; each has two operands, a
// and b.
func steps() map[byte][]byte {
	a, b, one, two := operand(1), operand(2), wasmtest.I32(1), wasmtest.I32(2)
	return map[byte][]byte{
		's': wasmtest.Code(a, tableGet(), []byte{0x26, 0}),                    // table.set
		'n': wasmtest.Code(a, []byte{0xd0, 0x70, 0x26, 0}),                    // table.set to null
		'i': wasmtest.Code(a, b, one, []byte{0xfc, 12, 1, 0}),                 // table.init from segment 1
		'j': wasmtest.Code(a, b, one, []byte{0xfc, 12, 2, 0}),                 // table.init from segment 2
		'a': wasmtest.Code(a, b, one, []byte{0xfc, 12, 0, 0}),                 // table.init from the active segment
		'c': wasmtest.Code(a, b, two, []byte{0xfc, 14, 0, 0}),                 // table.copy
		'g': wasmtest.Code(tableGet(), a, []byte{0xfc, 15, 0, 0x1a}),          // table.grow, drop
		'f': wasmtest.Code(a, tableGet(), two, []byte{0xfc, 17, 0}),           // table.fill
		'e': {0xfc, 13, 1},                                                    // elem.drop
		'E': {0xfc, 13, 2},                                                    //
		'd': {0xfc, 9, 2},                                                     // data.drop
		'D': {0xfc, 9, 3},                                                     //
		'A': {0xfc, 9, 0},                                                     // data.drop of an active segment
		'm': wasmtest.Code(copies(), b, one, []byte{0xfc, 8, 2, 0}),           // memory.init
		'M': wasmtest.Code(copies(), b, one, []byte{0xfc, 8, 3, 0}),           //
		'B': wasmtest.Code(copies(), b, one, []byte{0xfc, 8, 0, 0}),           // of an active segment
		'q': wasmtest.Code(a, []byte{0x25, 0, 0x1a}),                          // table.get, drop
		't': wasmtest.Code(a, b, one, []byte{0xfc, 14, 1, 0}),                 // table.copy to the second table
		'T': wasmtest.Code(a, b, one, []byte{0xfc, 14, 0, 1}),                 // and from there
		'G': wasmtest.Code(tableGet(), a, []byte{0xfc, 15, 1, 0x1a}),          // table.grow of it, drop
		'I': wasmtest.Code(a, b, one, []byte{0xfc, 12, 1, 1}),                 // table.init of it from segment 1
		'x': wasmtest.Code(a, []byte{0x11}, wasmtest.U32(4), []byte{0, 0x1a}), // call_indirect, drop
	}
}

func copies() []byte { return wasmtest.Code(operand(1), wasmtest.I32(copiesAt), []byte{0x6a}) }

// stepper is a plugin that does to its table and its segments what events say,
// and tells what is in its slots: what the functions in them return.
func stepper() *wasmtest.Module {
	m := wasmtest.Guest()
	m.Describe(`{"abi":1,"name":"stepper","state":"resident"}`)
	m.Tables, m.Elements = []wasmtest.Size{{Min: 6, Max: 30}, {Min: 3}, {Min: 2}}, []uint32{4, 5}
	m.Passive = [][]uint32{{5, 6, 7, 4, 7}, {7, 6, 5, 4, 6}}
	for _, letter := range "wxyz" {
		m.Funcs = append(m.Funcs, wasmtest.Func{Results: "i", Body: wasmtest.I32(letter)})
	}
	m.Data = append([]wasmtest.Data{{At: 0, Bytes: []byte("0123456789")}}, m.Data...)
	m.Data = append(m.Data[:2:2], wasmtest.Data{Bytes: []byte("klmnopq"), Passive: true}, wasmtest.Data{Bytes: []byte("rstuvw"), Passive: true},
		m.Data[2], m.Data[3])
	fold := m.Func("refold_fold")
	fold.Locals = []byte{1, 2, 0x7f}
	code := wasmtest.Code(get(0), get(0), []byte{0x28, 2, 40, 0x6a, 0x22, 3}, get(3), []byte{0x28, 2, 112, 0x6a}, set(2))
	for _, letter := range letters() {
		code = wasmtest.Code(code, get(2), []byte{0x2d, 0, stepAt}, wasmtest.I32(int32(letter)), []byte{0x46, 0x04, 0x40},
			steps()[letter], []byte{0x0b})
	}
	fold.Body = wasmtest.Code(code, fold.Body)
	m.Funcs = append(m.Funcs, wasmtest.Func{Export: "refold_query", Params: "ii", Results: "I", Locals: []byte{1, 1, 0x7f}, Body: slots()})
	return m
}

// slots answers a query: a byte for each slot and, last, how many there are.
func slots() []byte {
	size := []byte{0xfc, 16, 0}
	at := wasmtest.Code(get(2), wasmtest.I32(answerAt), []byte{0x6a})
	return wasmtest.Code(
		[]byte{0x02, 0x40, 0x03, 0x40}, get(2), size, []byte{0x46, 0x0d, 1}, // loop while local 2 is not the size
		at,
		get(2), []byte{0x25, 0, 0xd1, 0x04, 0x7f}, wasmtest.I32('-'), []byte{0x05}, // if the slot is null
		get(2), []byte{0x11}, wasmtest.U32(4), []byte{0, 0x0b}, // else call it
		[]byte{0x3a, 0, 0}, // store
		get(2), wasmtest.I32(1), []byte{0x6a}, set(2), []byte{0x0c, 0, 0x0b, 0x0b},
		wasmtest.I32(answerAt+answer-1), size, []byte{0x3a, 0, 0},
		wasmtest.Span(answerAt, answer))
}

func letters() []byte {
	var list []byte
	for letter := range steps() {
		list = append(list, letter)
	}
	slices.Sort(list)
	return list
}

// step returns a batch with one event, of a letter and two digits.
func step(t rapid.TB, text string) []byte {
	t.Helper()
	var w frame.BatchWriter
	w.Reset(nil, 0)
	w.BeginUnkeyed()
	w.AddEvent(&frame.Event{Position: 1, Version: 1, Type: "step", AggregateType: "thing", Data: []byte(`{"s":"` + text + `"}`)})
	b, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// do folds a step and returns what a caller sees: a fault, or the table and what
// has been copied.
func do(t rapid.TB, i *Instance, text string) string {
	t.Helper()
	if _, err := i.Fold(context.Background(), step(t, text)); err != nil {
		return err.Error()
	}
	seen, err := i.Query(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(seen)
}

// TestSteps: the stepper does what it is to do, or the tests below test little.
func TestSteps(t *testing.T) {
	m := load(t, newHost(t, nil), write(t, stepper().Bytes()), Limits{})
	for _, tt := range []struct{ steps, table string }{
		{"", "wx----"}, {"s30", "wx-w--"}, {"n00", "-x----"}, {"i20", "wxx---"}, {"j20", "wxz---"}, {"c40", "wx--wx"},
		{"g21", "wx----xx"}, {"f30", "wx-ww-"}, {"e00", "wx----"}, {"e00 i20", "invalid table access"},
		{"E00 j20", "invalid table access"}, {"e00 j20", "wxz---"}, {"d00 m00", "out of bounds memory"}, {"D00 M00", "out of bounds memory"},
		{"m00 m11 M20", "klr"}, {"A00 B00", "out of bounds memory"}, {"B00", "0"}, {"a50", "invalid table access"}, {"x20", "invalid table access"},
		{"q90", "invalid table access"}, {"t10 T31", "wx-w--"}, {"I00 T30", "wx-x--"}, {"T33", "invalid table access"}, {"G31 T25", "wxx---"},
	} {
		i := instantiate(t, m)
		seen := do(t, i, "?00")
		for _, s := range strings.Fields(tt.steps) {
			seen = do(t, i, s)
		}
		if !strings.Contains(seen, tt.table) {
			t.Errorf("%s: %q", tt.steps, seen)
		}
	}
}

// TestTableRoundTrip: a run of steps looks the same with a snapshot and a restore
// between any two of them, into the instance itself, a fresh one or a used one.
func TestTableRoundTrip(t *testing.T) {
	m := load(t, newHost(t, nil), write(t, stepper().Bytes()), Limits{})
	kinds := append(bytes.Repeat(letters(), 3), bytes.Repeat([]byte("snijcgf"), 9)...)
	one := rapid.Custom(func(t *rapid.T) string {
		digit := func(name string) byte { return '0' + rapid.ByteRange(0, 4).Draw(t, name) }
		return string([]byte{rapid.SampledFrom(kinds).Draw(t, "kind"), digit("a"), digit("b")})
	})
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		open := func() *Instance {
			i := raw(t, ctx, m)
			t.Cleanup(func() { i.Close(ctx) })
			return i
		}
		straight, moved := open(), open()
		for _, s := range rapid.SliceOfN(one, 1, 12).Draw(t, "steps") {
			want, got := do(t, straight, s), do(t, moved, s)
			if want != got {
				t.Fatalf("%s: %q, with snapshots %q", s, want, got)
			}
			if straight.dead != nil {
				return
			}
			moved = move(t, ctx, moved, open, one)
			same(t, ctx, straight, moved)
		}
	})
}

// move restores a snapshot of an instance somewhere.
func move(t *rapid.T, ctx context.Context, from *Instance, open func() *Instance, one *rapid.Generator[string]) *Instance {
	taken, err := from.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	to := from
	switch rapid.SampledFrom([]string{"itself", "itself, later", "fresh", "used"}).Draw(t, "into") {
	case "itself, later":
		do(t, to, one.Draw(t, "later"))
	case "fresh":
		to = open()
	case "used":
		to = open()
		do(t, to, one.Draw(t, "before"))
	}
	if to.dead != nil {
		to = open()
	}
	if err := to.Restore(ctx, taken); err != nil {
		t.Fatal(err)
	}
	return to
}

// same compares all of the states.
func same(t *rapid.T, ctx context.Context, a, b *Instance) {
	x, err := a.state(ctx)
	if err != nil {
		t.Fatal(err)
	}
	y, err := b.state(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(x.Tables, y.Tables, slices.Equal) || !slices.Equal(x.Dropped, y.Dropped) || !slices.Equal(x.Globals, y.Globals) || !bytes.Equal(x.Memory, y.Memory) {
		t.Fatalf("states differ: tables %v, %v; dropped %v, %v", x.Tables, y.Tables, x.Dropped, y.Dropped)
	}
}

// TestTableOfImports: slots that hold imports, two of one function and the one
// that marks events.
func TestTableOfImports(t *testing.T) {
	guest := stepper()
	guest.Imports = []wasmtest.Import{{Module: "refold", Name: "begin_event", Params: "i"}, {Module: "refold", Name: "log", Params: "iii"},
		{Module: "refold", Name: "log", Params: "iii"}}
	guest.Elements, guest.Passive = []uint32{7, 8}, [][]uint32{{0, 1, 2, 7, 8}, {0, 1, 2, 7, 8}}
	fold := guest.Func("refold_fold")
	fold.Body = wasmtest.Code([]byte{0x02, 0x40}, wasmtest.I32(4), []byte{0x25, 0, 0xd1, 0x0d, 0}, // unless slot 4 is null
		wasmtest.I32(0), wasmtest.I32(4), []byte{0x11, 0, 0, 0x0b}, fold.Body) // call it as begin_event
	m := load(t, newHost(t, nil), write(t, withTypesFrom(guest, 3).Bytes()), Limits{})
	i := instantiate(t, m)
	for _, s := range []string{"i21", "j32", "i40"} {
		if _, err := i.Fold(t.Context(), step(t, s)); err != nil {
			t.Fatal(err)
		}
	}
	taken, err := i.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := instantiate(t, m)
	if err := other.Restore(t.Context(), taken); err != nil {
		t.Fatal(err)
	}
	_, err = other.Fold(t.Context(), step(t, "q90"))
	if guest := guestError(t, err, runtime.Trap); guest.Event != 0 {
		t.Errorf("the mark in slot 4 marked event %d", guest.Event)
	}
}

// withTypesFrom moves the call_indirect of a stepper to the type of its first
// letter behind imports.
func withTypesFrom(m *wasmtest.Module, imports byte) *wasmtest.Module {
	for i := range m.Funcs {
		m.Funcs[i].Body = bytes.ReplaceAll(m.Funcs[i].Body, []byte{0x11, 4, 0}, []byte{0x11, 4 + imports, 0})
	}
	return m
}

// TestExternalTable: of a table of externref the size counts, since nothing but
// null can be in it.
func TestExternalTable(t *testing.T) {
	guest := guestWith(func(m *wasmtest.Module) {
		m.Tables, m.External = []wasmtest.Size{{Min: 1}}, true
		m.Func("refold_fold").Body = wasmtest.Code([]byte{0xd0, 0x6f}, wasmtest.I32(3), []byte{0xfc, 15, 0, 0x1a}, m.Func("refold_fold").Body)
	})
	m := load(t, newHost(t, nil), write(t, guest.Bytes()), Limits{TableElements: 10})
	a, b := instantiate(t, m), instantiate(t, m)
	fold(t, a, "add")
	fold(t, a, "add")
	taken, err := a.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fold(t, b, "add")
	if err := b.Restore(t.Context(), taken); err != nil {
		t.Fatal(err)
	}
	if state, err := b.state(t.Context()); err != nil || len(state.Tables[0]) != 7 {
		t.Errorf("the table has %v, want 7 slots: %v", state.Tables, err)
	}
	tight := instantiate(t, load(t, newHost(t, nil), write(t, guest.Bytes()), Limits{TableElements: 6}))
	guestError(t, tight.Restore(t.Context(), taken), runtime.SnapshotMismatch)
	fold(t, tight, "add")
}

// TestTableAtStart: what an instance does to its table while starting is no
// change: a snapshot of a fresh one has none of it, and restoring replaces none.
func TestTableAtStart(t *testing.T) {
	null := wasmtest.Code(wasmtest.I32(0), []byte{0xd0, 0x70, 0x26, 0}) // table.set 0 null
	guest := guestWith(func(m *wasmtest.Module) {
		m.Tables = []wasmtest.Size{{Min: 1}}
		m.Funcs = append(m.Funcs, wasmtest.Func{Export: "_initialize", Body: null})
	})
	i := hand(t, guest)
	fold(t, i, "add")
	taken, err := i.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old := i.wasm
	if err := i.Restore(t.Context(), taken); err != nil || i.wasm != old {
		t.Errorf("restored: %v, replaced %v", err, i.wasm != old)
	}
}

// crowded is a plugin that clears a slot of a table of so many, which holds as many
// functions, of so many types; if most is set, nearly all of the last type.
func crowded(types, slots int, most bool) *wasmtest.Module {
	return guestWith(func(m *wasmtest.Module) {
		m.Tables = []wasmtest.Size{{Min: uint32(slots)}}
		for n := range slots {
			kind := n % types
			if most && n >= types {
				kind = types - 1
			}
			m.Elements = append(m.Elements, uint32(len(m.Funcs)))
			m.Funcs = append(m.Funcs, wasmtest.Func{Params: string([]byte{"iIfF"[kind%4], "iIfF"[kind/4%4], "iIfF"[kind/16%4], "iIfF"[kind/64]})})
		}
		fold := m.Func("refold_fold")
		fold.Body = wasmtest.Code(wasmtest.I32(7), []byte{0xd0, 0x70, 0x26, 0}, fold.Body) // table.set 7 null
	})
}

// TestCrowdedTable: a large table is read if most of its functions are of few of
// many types; one whose types are mixed is refused, after a bounded search.
func TestCrowdedTable(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	h := newHost(t, nil)
	m := load(t, h, write(t, crowded(256, 5000, true).Bytes()), Limits{})
	a, b := instantiate(t, m), instantiate(t, m)
	fold(t, a, "add")
	taken, err := a.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Restore(t.Context(), taken); err != nil {
		t.Fatal(err)
	}
	state, err := b.state(t.Context())
	if err != nil || state.Tables[0][7] != 0 || state.Tables[0][8] == 0 {
		t.Errorf("slot 7 did not come back empty: %v", err)
	}
	_, err = h.Load(t.Context(), write(t, crowded(256, 9000, false).Bytes()), Limits{})
	if guest := guestError(t, err, runtime.Unsupported); !strings.Contains(guest.Reason, "of so many types") {
		t.Errorf("the error is %v", guest)
	}
}
