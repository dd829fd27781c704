package meter_test

import (
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
