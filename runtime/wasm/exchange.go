package wasm

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"github.com/refold-dev/refold/runtime"
)

// noEvents is the number of events of a call that folds nothing.
const noEvents = -1

// exchange passes input with so many events to fn and returns its output, a view
// of the guest's memory. If the guest fails, the instance dies.
func (i *Instance) exchange(ctx context.Context, fn api.Function, input []byte, events int) ([]byte, error) {
	if err := i.ready(ctx); err != nil {
		return nil, err
	}
	i.guest.Begin(ctx)
	defer i.guest.End()
	at, fault := i.put(input)
	if fault != nil {
		return nil, i.die(fault)
	}
	i.budget.grant(&i.module.limits, events)
	i.stack = [2]uint64{uint64(at), uint64(len(input))}
	output, fault := i.call(fn, i.module.limits.OutputBytes)
	if fault != nil {
		return nil, i.die(fault)
	}
	return output, nil
}

// ready refuses calls into a dead instance and calls that nobody waits for.
func (i *Instance) ready(ctx context.Context) error {
	if i.dead != nil {
		return &runtime.GuestError{Code: runtime.Dead, Plugin: i.module.name, Event: runtime.NoEvent,
			Reason: "has failed before and was not replaced", Err: i.dead}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("calling plugin %s: %w", i.module.name, err)
	}
	return nil
}

func (i *Instance) die(fault *runtime.GuestError) error {
	i.dead = fault
	return fault
}

// minInput is the smallest input that the guest is asked to make room for, so
// that not even an empty one gets the null pointer.
const minInput = 8

// put copies input into the guest and returns where it lies.
func (i *Instance) put(input []byte) (at uint32, fault *runtime.GuestError) {
	i.budget.grant(&i.module.limits, noEvents)
	i.stack[0] = uint64(max(len(input), minInput))
	err := i.alloc.CallWithStack(i.guest, i.stack[:])
	i.used += i.budget.used()
	if err != nil {
		return 0, i.fault(err)
	}
	at = uint32(i.stack[0])
	if at == 0 {
		return 0, i.complain(runtime.OutOfMemory, fmt.Sprintf("has no room for an input of %d bytes", len(input)))
	}
	if at%8 != 0 || !i.wasm.Memory().Write(at, input) {
		return 0, i.complain(runtime.BadPointer,
			fmt.Sprintf("%s(%d) returned %d, which is not aligned or outside its memory", exportAlloc, len(input), at))
	}
	return at, nil
}

// call calls fn with the parameters on the stack and returns the bytes that
// its result points to: the pointer in the upper half, the length in the lower.
func (i *Instance) call(fn api.Function, limit int) ([]byte, *runtime.GuestError) {
	err := fn.CallWithStack(i.guest, i.stack[:])
	i.used += i.budget.used()
	if err != nil {
		return nil, i.fault(err)
	}
	at, length := uint32(i.stack[0]>>32), uint32(i.stack[0])
	if int64(length) > int64(limit) {
		return nil, i.complain(runtime.OutputTooLarge,
			fmt.Sprintf("%s returned %d bytes; the limit is %d", name(fn), length, limit))
	}
	output, ok := i.wasm.Memory().Read(at, length)
	if !ok {
		return nil, i.complain(runtime.BadPointer,
			fmt.Sprintf("%s returned bytes outside its memory (pointer %d, length %d)", name(fn), at, length))
	}
	return output, nil
}

func name(fn api.Function) string { return fn.Definition().ExportNames()[0] }
