package meter_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
)

// shapes repeat something as often as their parameter says; with 0, in effect
// for ever.
func shapes() map[string]*wasmtest.Module {
	block, loop, end := []byte{0x02, 0x40}, []byte{0x03, 0x40}, []byte{0x0b}
	nothing := wasmtest.Func{Params: "i"}
	recursion := function(down, []byte{0x04, 0x40}, []byte{0x20, 0}, wasmtest.Call(0), end)
	mutual := function(down, []byte{0x04, 0x40}, []byte{0x20, 0}, wasmtest.Call(1), end)
	mutual.Funcs = append(mutual.Funcs, wasmtest.Func{Params: "i", Body: wasmtest.Code([]byte{0x20, 0}, wasmtest.Call(0))})
	indirect := function(down, []byte{0x04, 0x40}, []byte{0x20, 0}, wasmtest.I32(0), []byte{0x11, 0, 0}, end)
	indirect.Elements = []uint32{0}
	calls := function(loop, []byte{0x20, 0}, wasmtest.Call(1), down, []byte{0x0d, 0}, end)
	calls.Funcs = append(calls.Funcs, nothing)
	long := function(loop, slices.Repeat(wasmtest.Code(wasmtest.I32(1), []byte{0x1a}), 1500), down, []byte{0x0d, 0}, end)
	arms := function(loop, []byte{0x20, 0}, wasmtest.I32(1), []byte{0x71, 0x04, 0x40}, wasmtest.I32(1), []byte{0x1a, 0x05},
		slices.Repeat(wasmtest.Code(wasmtest.I32(1), []byte{0x1a}), 1000), end, down, []byte{0x0d, 0}, end)
	filler := slices.Repeat(wasmtest.Code(wasmtest.I32(1), []byte{0x1a}), 600)
	laterArms := function(loop, filler, wasmtest.I32(0), []byte{0x04, 0x40}, wasmtest.I32(1), []byte{0x1a, 0x05},
		filler, end, down, []byte{0x0d, 0}, end)
	tightThenCall := function(loop, wasmtest.I32(1), []byte{0x45, 0x0d, 0}, end, // a loop of one round
		down, []byte{0x04, 0x40}, []byte{0x20, 0}, wasmtest.Call(0), end)
	return map[string]*wasmtest.Module{
		"arms behind long code":    laterArms,
		"tight loop and recursion": tightThenCall,
		"loop":                     function(loop, down, []byte{0x0d, 0}, end),
		"loop by br_table":         function(block, loop, down, []byte{0x45, 0x0e, 1, 0, 1}, end, end),
		"loop in a loop":           function(loop, loop, down, []byte{0x0d, 1}, end, end),
		"loop left by return":      function(loop, down, []byte{0x45, 0x04, 0x40, 0x0f, 0x0b, 0x0c, 0}, end),
		"loop that calls":          calls,
		"loop of long code":        long,
		"loop of uneven arms":      arms,
		"recursion":                recursion,
		"mutual recursion":         mutual,
		"indirect recursion":       indirect,
	}
}

// TestExhaustion: a number of rounds costs the same in both engines and each
// time; with just that much fuel a call ends well, with one unit less it traps.
func TestExhaustion(t *testing.T) {
	for name, shape := range shapes() {
		t.Run(name, func(t *testing.T) {
			costs := map[string]int64{}
			for engine, config := range engines {
				m := run(t, config, shape.Bytes())
				fuel, stack, err := call(t, m, "f", plenty, deep, 100)
				if err != nil || stack != deep {
					t.Fatalf("%s: %v, stack %d of %d", engine, err, stack, deep)
				}
				costs[engine] = plenty - fuel
				if fuel, _, err := call(t, m, "f", costs[engine], deep, 100); err != nil || fuel != 0 {
					t.Errorf("%s: with just enough fuel: %v, %d left", engine, err, fuel)
				}
				fuel, stack, err = call(t, run(t, config, shape.Bytes()), "f", costs[engine]-1, deep, 100)
				if err == nil || fuel >= 0 || stack < 0 || !strings.Contains(err.Error(), "unreachable") {
					t.Errorf("%s: with too little fuel: %v, fuel %d, stack %d", engine, err, fuel, stack)
				}
			}
			if costs["compiler"] != costs["interpreter"] || costs["compiler"] < 100 {
				t.Errorf("100 rounds cost %v", costs)
			}
		})
	}
}

// TestExactly: what runs is paid for: no call costs less than when each
// instruction is charged by itself, nor by much more than a charge may pay for.
func TestExactly(t *testing.T) {
	for name, shape := range shapes() {
		f, err := wasmfile.Decode(shape.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		exactly, err := meter.RewriteExactly(f, mark)
		if err != nil {
			t.Fatal(err)
		}
		for _, rounds := range []uint64{1, 2, 7, 100} {
			exact, _, err := call(t, start(t, engines["compiler"], exactly), "f", plenty, deep, rounds)
			if err != nil {
				t.Fatal(err)
			}
			fuel, _, err := call(t, run(t, engines["compiler"], shape.Bytes()), "f", plenty, deep, rounds)
			if err != nil {
				t.Fatal(err)
			}
			exact, fuel = plenty-exact, plenty-fuel
			if fuel < exact || fuel > exact+int64(rounds+1)*2*1300 {
				t.Errorf("%s, %d rounds: charged %d, and exactly %d", name, rounds, fuel, exact)
			}
		}
	}
}

// TestCosts: what an instruction costs, beside 1 for the call and 1 for each of
// its operands and for the drop of its result.
func TestCosts(t *testing.T) {
	one, long := wasmtest.I32(1), wasmtest.I64(1)
	drop := []byte{0x1a}
	for name, tt := range map[string]struct {
		code []byte
		cost int64
	}{
		"nothing":        {nil, 1},
		"a block":        {[]byte{0x02, 0x40, 0x01, 0x0b}, 1},
		"i32.add":        {wasmtest.Code(one, one, []byte{0x6a}, drop), 1 + 4},
		"i32.div_s":      {wasmtest.Code(one, one, []byte{0x6d}, drop), 1 + 3 + 10},
		"i64.rem_u":      {wasmtest.Code(long, long, []byte{0x82}, drop), 1 + 3 + 10},
		"i32.load":       {wasmtest.Code(one, []byte{0x28, 0, 0}, drop), 1 + 3},
		"a loop":         {[]byte{0x03, 0x40, 0x0b}, 1 + 2},
		"an if":          {wasmtest.Code(one, []byte{0x04, 0x40, 0x05, 0x0b}), 1 + 2},
		"br_table":       {wasmtest.Code(one, []byte{0x0e, 0, 0}), 1 + 1 + 3},
		"a call":         {wasmtest.Call(1), 1 + 4 + 1},
		"call_indirect":  {wasmtest.Code(wasmtest.I32(0), []byte{0x11, 1, 0}), 1 + 1 + 8 + 1},
		"ref.func":       {wasmtest.Code([]byte{0xd2, 1}, drop), 1 + 1 + 50},
		"memory.size":    {wasmtest.Code([]byte{0x3f, 0}, drop), 1 + 2},
		"a vector":       {wasmtest.Code(one, []byte{0xfd, 0x11}, drop), 1 + 2 + 2},
		"i32.trunc_sat":  {wasmtest.Code([]byte{0x43, 0, 0, 0, 0, 0xfc, 0}, drop), 1 + 3},
		"code not taken": {wasmtest.Code([]byte{0x0f}, one, drop), 1 + 3},
	} {
		m := function(tt.code)
		m.Funcs = append(m.Funcs, wasmtest.Func{})
		m.Elements = []uint32{1}
		fuel, _, err := call(t, run(t, engines["compiler"], m.Bytes()), "f", plenty, deep, 0)
		if err != nil || plenty-fuel != tt.cost {
			t.Errorf("%s costs %d, want %d; %v", name, plenty-fuel, tt.cost, err)
		}
	}
}

// TestEndless: whatever would never end, ends.
func TestEndless(t *testing.T) {
	for name, shape := range shapes() {
		t.Run(name, func(t *testing.T) {
			m := run(t, engines["compiler"], shape.Bytes())
			fuel, stack, err := call(t, m, "f", 1_000_000, 1<<23, 0)
			if err == nil || fuel >= 0 || stack < 0 {
				t.Errorf("%v, fuel %d, stack %d", err, fuel, stack)
			}
		})
	}
}

// TestStack: nesting uses the stack up at the same depth in both engines, and
// every way out of a function gives back what it took.
func TestStack(t *testing.T) {
	for _, name := range []string{"recursion", "mutual recursion", "indirect recursion"} {
		t.Run(name, func(t *testing.T) {
			code := shapes()[name].Bytes()
			fuels := map[string]int64{}
			for engine, config := range engines {
				fuel, stack, err := call(t, run(t, config, code), "f", plenty, 5000, 0)
				if err == nil || fuel < 0 || stack >= 0 {
					t.Errorf("%s: %v, fuel %d, stack %d", engine, err, fuel, stack)
				}
				fuels[engine] = fuel
			}
			if fuels["compiler"] != fuels["interpreter"] {
				t.Errorf("trapped elsewhere: fuel left is %v", fuels)
			}
		})
	}
}

// TestWaysOut leaves a function in each way there is.
func TestWaysOut(t *testing.T) {
	inner := wasmtest.Call(1)
	for name, code := range map[string][]byte{
		"falls through":      inner,
		"return":             wasmtest.Code(inner, []byte{0x0f}),
		"return in a block":  wasmtest.Code([]byte{0x02, 0x40}, inner, []byte{0x0f, 0x0b}),
		"return in a loop":   wasmtest.Code([]byte{0x03, 0x40}, inner, []byte{0x0f, 0x0b}),
		"branch":             wasmtest.Code(inner, []byte{0x0c, 0}),
		"branch in a block":  wasmtest.Code([]byte{0x02, 0x40}, inner, []byte{0x0c, 1, 0x0b, 0x00}),
		"branch if":          wasmtest.Code([]byte{0x02, 0x40}, inner, wasmtest.I32(1), []byte{0x0d, 1, 0x0b, 0x00}),
		"branch by table":    wasmtest.Code([]byte{0x02, 0x40}, inner, wasmtest.I32(7), []byte{0x0e, 1, 0, 1, 0x0b, 0x00}),
		"branch in an else":  wasmtest.Code(wasmtest.I32(0), []byte{0x04, 0x40, 0x05}, inner, []byte{0x0c, 1, 0x0b, 0x00}),
		"code after an exit": wasmtest.Code(inner, []byte{0x0f, 0x6a, 0x1a, 0x0c, 0}),
	} {
		t.Run(name, func(t *testing.T) {
			m := function(code)
			m.Funcs = append(m.Funcs, wasmtest.Func{})
			for engine, config := range engines {
				if _, stack, err := call(t, run(t, config, m.Bytes()), "f", plenty, deep, 0); err != nil || stack != deep {
					t.Errorf("%s: %v, stack %d of %d", engine, err, stack, deep)
				}
			}
		})
	}
}

// TestResults: the way out carries results of any number.
func TestResults(t *testing.T) {
	for _, results := range []string{"", "I", "iIfF", "iiiiiiiiii"} {
		var values []byte
		for _, r := range results {
			values = append(values, map[rune][]byte{'i': wasmtest.I32(1), 'I': wasmtest.I64(2),
				'f': {0x43, 0, 0, 0, 0}, 'F': {0x44, 0, 0, 0, 0, 0, 0, 0, 0}}[r]...)
		}
		m := &wasmtest.Module{Funcs: []wasmtest.Func{
			{Export: "f", Results: results, Body: wasmtest.Code(wasmtest.Call(1), []byte{0x0f})},
			{Results: results, Body: wasmtest.Code(values, []byte{0x0c, 0})},
		}}
		i := run(t, engines["compiler"], m.Bytes())
		refill(i, plenty, deep)
		got, err := i.ExportedFunction("f").Call(t.Context())
		if err != nil || len(got) != len(results) {
			t.Errorf("%q: %v, %v", results, got, err)
		}
	}
}

// TestLengths: instructions that work on many bytes or elements cost by their
// number, and growing what cannot grow costs nothing more.
func TestLengths(t *testing.T) {
	n := []byte{0x20, 0}
	zero := wasmtest.I32(0)
	for name, tt := range map[string]struct {
		code       []byte
		few, many  uint64
		difference int64
	}{
		"memory.fill":         {wasmtest.Code(zero, zero, n, []byte{0xfc, 11, 0}), 0, 8000, 1000},
		"memory.copy":         {wasmtest.Code(zero, zero, n, []byte{0xfc, 10, 0, 0}), 8, 808, 100},
		"memory.grow":         {wasmtest.Code(n, []byte{0x40, 0, 0x1a}), 0, 3, 3 * 8192},
		"memory.grow in vain": {wasmtest.Code(n, []byte{0x40, 0, 0x1a}), 0, 1 << 31, 0},
		"table.grow":          {wasmtest.Code([]byte{0xd0, 0x70}, n, []byte{0xfc, 15, 0, 0x1a}), 0, 1000, 1000},
		"table.grow in vain":  {wasmtest.Code([]byte{0xd0, 0x70}, n, []byte{0xfc, 15, 0, 0x1a}), 0, 1 << 31, 0},
		"table.fill":          {wasmtest.Code(zero, []byte{0xd0, 0x70}, n, []byte{0xfc, 17, 0}), 0, 1, 1},
		"table.copy":          {wasmtest.Code(zero, zero, n, []byte{0xfc, 14, 0, 0}), 0, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for engine, config := range engines {
				m := run(t, config, function(tt.code).Bytes())
				few, _, err := call(t, m, "f", plenty, deep, tt.few)
				if err != nil {
					t.Fatal(err)
				}
				many, _, err := call(t, m, "f", plenty, deep, tt.many)
				if err != nil || few-many != tt.difference {
					t.Errorf("%s: %d costs %d more than %d, want %d; %v", engine, tt.many, few-many, tt.few, tt.difference, err)
				}
			}
		})
	}
	m := run(t, engines["compiler"], function(zero, zero, n, []byte{0xfc, 11, 0}).Bytes())
	if fuel, _, err := call(t, m, "f", 100, deep, 8000); err == nil || fuel >= 0 {
		t.Errorf("a fill beyond the fuel: %v, fuel %d", err, fuel)
	}
}

// marking returns a module whose f marks each of the indexes and then repeats a
// loop by its parameter.
func marking(indexes ...int32) *wasmtest.Module {
	m := function()
	m.Imports = []wasmtest.Import{{Module: "host", Name: "mark", Params: "i"}}
	body := &m.Funcs[0].Body
	for _, index := range indexes {
		*body = append(*body, wasmtest.Code(wasmtest.I32(index), wasmtest.Call(0))...)
	}
	*body = append(*body, wasmtest.Code([]byte{0x03, 0x40}, down, []byte{0x0d, 0, 0x0b})...)
	return m
}

// TestMark: each mark fills the fuel up and notes its event.
func TestMark(t *testing.T) {
	for name, tt := range map[string]struct {
		marks    []int32
		event    int64
		disorder bool
	}{
		"none":                     {nil, -1, false},
		"first":                    {[]int32{0}, 0, false},
		"each":                     {[]int32{0, 1, 2}, 2, false},
		"some":                     {[]int32{1}, 1, false},
		"each and the end":         {[]int32{0, 1, 2, 3}, 3, false},
		"one twice":                {[]int32{0, 1, 1}, meter.Disorder, true},
		"backwards":                {[]int32{2, 1}, meter.Disorder, true},
		"behind the end":           {[]int32{4}, meter.Disorder, true},
		"the end twice":            {[]int32{3, 3}, meter.Disorder, true},
		"a negative one":           {[]int32{-1}, meter.Disorder, true},
		"the smallest number":      {[]int32{-1 << 31}, meter.Disorder, true},
		"more often than there is": {[]int32{0, 1, 2, 3, 4}, meter.Disorder, true},
	} {
		t.Run(name, func(t *testing.T) {
			for engine, config := range engines {
				m := run(t, config, marking(tt.marks...).Bytes())
				set(m, meter.Event, -1)
				set(m, meter.Events, 3)
				set(m, meter.EventFuel, 1000)
				_, _, err := call(t, m, "f", 1000, deep, 1)
				if (err != nil) != tt.disorder || left(m, meter.Event) != tt.event {
					t.Errorf("%s: %v, event %d", engine, err, left(m, meter.Event))
				}
			}
		})
	}
}

// TestMarkByWay: a mark through a table or an export is one too.
func TestMarkByWay(t *testing.T) {
	m := marking()
	m.Tables, m.Elements = []wasmtest.Size{{Min: 1}}, []uint32{0}
	m.Funcs[0].Body = wasmtest.Code(wasmtest.I32(1), wasmtest.I32(0), []byte{0x11, 0, 0})
	m.Exports = append(m.Exports, wasmtest.Export{Name: "mark", Index: 0})
	i := run(t, engines["compiler"], m.Bytes())
	set(i, meter.Events, 3)
	set(i, meter.EventFuel, 1000)
	for _, name := range []string{"f", "mark"} {
		set(i, meter.Event, -1)
		if _, _, err := call(t, i, name, 1000, deep, 1); err != nil || left(i, meter.Event) != 1 {
			t.Errorf("by %s: %v, event %d", name, err, left(i, meter.Event))
		}
	}
}

// TestRefill: a mark gives one event's fuel, whatever was left, and the end
// gives that of all and one more.
func TestRefill(t *testing.T) {
	for name, tt := range map[string]struct {
		marks  []int32
		rounds uint64 // each costs between 4 and 10
		ok     bool
	}{
		"before the first":           {nil, 90, true},
		"much before the first":      {nil, 1000, false},
		"an event's":                 {[]int32{0}, 90, true},
		"more than an event's":       {[]int32{0}, 300, false},
		"no sum of several events":   {[]int32{0, 1, 2}, 300, false},
		"behind the last event":      {[]int32{0, 1, 2, 3}, 390, true},
		"much behind the last event": {[]int32{0, 1, 2, 3}, 1100, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := run(t, engines["compiler"], marking(tt.marks...).Bytes())
			set(m, meter.Event, -1)
			set(m, meter.Events, 3)
			set(m, meter.EventFuel, 1000)
			fuel, _, err := call(t, m, "f", 4000, deep, tt.rounds)
			if (err == nil) != tt.ok || (fuel < 0) == tt.ok {
				t.Errorf("%v, fuel %d", err, fuel)
			}
		})
	}
}

// TestReach: what is added is out of the module's own reach.
func TestReach(t *testing.T) {
	for name, code := range map[string][]byte{
		"global.set of the fuel":   {0x42, 0, 0x24, 0},
		"global.get of the stack":  {0x23, 1, 0x1a},
		"local.set of the operand": wasmtest.Code(wasmtest.I32(0), []byte{0x40, 0, 0x21, 1}),
		"call of what is added":    wasmtest.Call(2),
		"branch over the function": {0x0c, 1},
		"branch by table":          wasmtest.Code(wasmtest.I32(0), []byte{0x0e, 1, 0, 1}),
		"block of an added type":   {0x02, 5, 0x0b},
		"ref.func":                 {0xd2, 2, 0x1a},
		"two ends":                 {0x0b, 0x23, 0},
	} {
		m := function(code)
		m.Imports = []wasmtest.Import{{Module: "host", Name: "mark", Params: "i"}}
		start := uint32(1)
		m.Start, m.Funcs[0].Params = &start, ""
		if _, err := rewrite(m.Bytes(), mark); err == nil {
			t.Errorf("%s is let through", name)
		}
	}
	m := function()
	m.Exports = []wasmtest.Export{{Name: "mine", Kind: 3, Index: 0}}
	if _, err := rewrite(m.Bytes(), mark); err == nil {
		t.Error("an export of the fuel is let through")
	}
}

// TestUnsupported names what is not supported.
func TestUnsupported(t *testing.T) {
	for name, code := range map[string][]byte{
		"exception handling":        {0x06, 0x40, 0x0b},
		"tail calls":                {0x12, 0},
		"typed function references": {0x14, 0},
		"garbage collection":        {0xfb, 0, 0},
		"threads":                   {0xfe, 0x10, 2, 0},
		"relaxed SIMD":              {0xfd, 0x80, 0x02},
		"several memories":          wasmtest.Code(wasmtest.I32(0), []byte{0x28, 0x42, 1, 0}),
		"unknown instruction 0x27":  {0x27},
	} {
		_, err := rewrite(function(code).Bytes(), mark)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSameBytes: the same module gives the same bytes.
func TestSameBytes(t *testing.T) {
	for name, shape := range shapes() {
		a, err := rewrite(shape.Bytes(), mark)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if b, _ := rewrite(shape.Bytes(), mark); !bytes.Equal(a, b) {
				t.Errorf("%s comes out differently", name)
			}
		}
	}
}

// TestCustomSections: names stay, and what refers to offsets in the code goes.
func TestCustomSections(t *testing.T) {
	m := function([]byte{0x00})
	names := wasmtest.Custom("name", []byte{1, 5, 1, 0, 2, 'f', 'n'})
	m.Tail = bytes.Join([][]byte{names, wasmtest.Custom("producers", []byte{0}), wasmtest.Custom(".debug_info", []byte{0}),
		wasmtest.Custom("metadata.code.branch_hint", []byte{0}), wasmtest.Custom("sourceMappingURL", []byte{0})}, nil)
	metered, err := rewrite(m.Bytes(), mark)
	if err != nil {
		t.Fatal(err)
	}
	for name, kept := range map[string]bool{"producers": true, ".debug_info": false, "branch_hint": false, "sourceMappingURL": false} {
		if bytes.Contains(metered, []byte(name)) != kept {
			t.Errorf("%s: kept is not %v", name, kept)
		}
	}
	_, _, err = call(t, run(t, engines["compiler"], m.Bytes()), "f", plenty, deep, 0)
	if err == nil || !strings.Contains(err.Error(), ".fn(i32)") {
		t.Errorf("the stack trace lacks the function's name: %v", err)
	}
}

// FuzzRewrite: never a panic, and never a module that wazero refuses though it
// takes the original.
func FuzzRewrite(f *testing.F) {
	for _, shape := range shapes() {
		if code := shape.Bytes(); len(code) < 1<<10 {
			f.Add(code)
		}
	}
	f.Add(marking(0, 1).Bytes())
	for _, name := range []string{"br_table.0", "bulk.0", "call_indirect.0", "global.0", "if.0", "loop.0", "ref_func.1",
		"select.0", "simd_const.0", "start.0", "table_grow.0", "unreached-valid.0"} {
		if code := fixture(f, "v2", "testdata", name+".wasm"); len(code) < 8<<10 {
			f.Add(code)
		}
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		metered, err := rewrite(code, mark)
		if err != nil {
			return
		}
		if again, _ := rewrite(code, mark); !bytes.Equal(again, metered) {
			t.Fatal("the same module comes out differently")
		}
		// As it is but for a malformed name section, for which wazero reserves
		// whatever memory that asks for.
		if f, _ := wasmfile.Decode(code); accepts(t, f.Encode(wasmfile.Edit{})) == nil {
			if err := accepts(t, metered); err != nil {
				t.Fatalf("metered, the module is refused: %v", err)
			}
		}
	})
}

// accepts compiles a module.
func accepts(t *testing.T, code []byte) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("wazero panics: %v", fault)
		}
	}()
	r := newInterpreter(t)
	defer r.Close(t.Context())
	_, err = r.CompileModule(t.Context(), code)
	return err
}

// TestLargeFrames: the stack is used up before wazero's is, also where a frame
// holds many values that are no locals.
func TestLargeFrames(t *testing.T) {
	const values = 3000
	load, add := wasmtest.Code([]byte{0x20, 0}, []byte{0xfd, 0, 4, 0}), []byte{0xfd, 0xae, 0x01} // v128.load, i32x4.add
	code := wasmtest.Code(slices.Repeat(load, values), []byte{0x20, 0}, wasmtest.Call(0), slices.Repeat(add, values-1), []byte{0x1a})
	m := run(t, engines["compiler"], function(code).Bytes())
	fuel, stack, err := call(t, m, "f", plenty, 1<<23, 0)
	if err == nil || fuel < 0 || stack >= 0 {
		t.Errorf("%v, fuel %d, stack %d", err, fuel, stack)
	}
}
