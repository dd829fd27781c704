package meter_test

import (
	"testing"

	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
)

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
				set(m, meter.RestFuel, 1000)
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
// gives what the host has set for that.
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
			set(m, meter.RestFuel, 4000)
			fuel, _, err := call(t, m, "f", 4000, deep, tt.rounds)
			if (err == nil) != tt.ok || (fuel < 0) == tt.ok {
				t.Errorf("%v, fuel %d", err, fuel)
			}
		})
	}
}

// TestSpent: what a call has used is known over all its events, and does not depend on
// what they were given.
func TestSpent(t *testing.T) {
	used := func(eventFuel, restFuel, fuel int64, rounds uint64, marks ...int32) int64 {
		m := run(t, engines["compiler"], marking(marks...).Bytes())
		set(m, meter.Event, -1)
		set(m, meter.Events, 3)
		set(m, meter.EventFuel, eventFuel)
		set(m, meter.RestFuel, restFuel)
		set(m, meter.Spent, fuel)
		rest, _, err := call(t, m, "f", fuel, deep, rounds)
		if err != nil {
			t.Fatal(err)
		}
		return left(m, meter.Spent) - rest
	}
	none, one, all := used(1000, 2000, 500, 9), used(1000, 2000, 500, 9, 0), used(1000, 2000, 500, 9, 0, 1, 2, 3)
	if none <= 0 || one <= none || all != none+4*(one-none) {
		t.Errorf("used without events %d, with one %d, with three and their end %d", none, one, all)
	}
	if got := used(70, 90_000, 4_000_000, 9, 0, 1, 2, 3); got != all {
		t.Errorf("given otherwise, used %d, not %d", got, all)
	}
	if more := used(1000, 2000, 500, 19, 0, 1, 2, 3); more-all != used(1000, 2000, 500, 19)-none {
		t.Errorf("ten rounds more cost %d behind three events", more-all)
	}
}
