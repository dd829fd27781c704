package wasm

import (
	"fmt"

	"github.com/refold-dev/refold/sdk/frame"
)

// Limits bound what one instance may use. A zero field means its default.
type Limits struct {
	// MemoryPages bounds the memory, in pages of 64 KiB: 1 to 65,535; default
	// 4,096 (256 MiB). Growing beyond it fails inside the guest.
	MemoryPages int
	// TableElements bounds the function table: 1 to 2^31-1; default 1,048,576.
	TableElements int
	// FuelPerEvent bounds what folding one event may cost: 1 to 2^40, default
	// 10,000,000,000. A unit is about one instruction; sdk/ABI.md has the rules.
	// A call that folds nothing may cost as much as 64 events.
	FuelPerEvent int64
	// StackSlots bounds how deep calls may be nested, in slots of about a local
	// variable each: 1 to 2^23, which is the default.
	StackSlots int
	// OutputBytes bounds a result or an answer: 1 to frame.MaxSize, which is the
	// default.
	OutputBytes int
	// LogBytes bounds what a call may log, in bytes, each line counting 64 more
	// than it has: default 65,536; negative means no log at all.
	LogBytes int
}

const (
	maxMemoryPages       = 1<<16 - 1 // so that a size in bytes fits 32 bits
	maxTableElements     = 1<<31 - 1
	defaultMemoryPages   = 1 << 12
	defaultTableElements = 1 << 20
	maxFuelPerEvent      = 1 << 40
	defaultFuelPerEvent  = 10_000_000_000
	maxStackSlots        = 1 << 23 // so that wazero's own stack, which is a machine's, is not used up first
	defaultLogBytes      = 64 << 10
)

// resolve fills in defaults and checks ranges.
func (l Limits) resolve() (Limits, error) {
	for _, f := range []struct {
		name       string
		value      *int
		otherwise  int
		upperBound int
	}{
		{"memory pages", &l.MemoryPages, defaultMemoryPages, maxMemoryPages},
		{"table elements", &l.TableElements, defaultTableElements, maxTableElements},
		{"stack slots", &l.StackSlots, maxStackSlots, maxStackSlots},
		{"output bytes", &l.OutputBytes, frame.MaxSize, frame.MaxSize},
	} {
		if *f.value == 0 {
			*f.value = f.otherwise
		}
		if *f.value < 0 || *f.value > f.upperBound {
			return Limits{}, fmt.Errorf("plugin limits: %s must be 1 to %d, not %d", f.name, f.upperBound, *f.value)
		}
	}
	if l.FuelPerEvent == 0 {
		l.FuelPerEvent = defaultFuelPerEvent
	}
	if l.FuelPerEvent < 0 || l.FuelPerEvent > maxFuelPerEvent {
		return Limits{}, fmt.Errorf("plugin limits: fuel per event must be 1 to %d, not %d", int64(maxFuelPerEvent), l.FuelPerEvent)
	}
	if l.LogBytes == 0 {
		l.LogBytes = defaultLogBytes
	}
	l.LogBytes = max(0, l.LogBytes)
	return l, nil
}
