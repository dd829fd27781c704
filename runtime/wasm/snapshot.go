package wasm

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/snapshot"
)

// memory is the guest's whole memory, valid until it grows.
func (i *Instance) memory() []byte {
	memory := i.wasm.Memory()
	all, ok := memory.Read(0, memory.Size())
	if !ok {
		return nil
	}
	return all
}

// Snapshot returns the instance's state: bytes of their own, for Restore.
func (i *Instance) Snapshot(ctx context.Context) ([]byte, error) {
	if err := i.ready(ctx); err != nil {
		return nil, err
	}
	if i.changed() {
		fault := i.complain(runtime.Unsupported, "has changed its table or dropped a segment since it started, which a snapshot cannot hold")
		fault.Hint = "do so while starting, or not at all"
		return nil, fault
	}
	state := snapshot.State{Memory: i.memory(), Random: i.guest.Random, Slept: i.guest.Slept}
	for _, name := range i.module.globals {
		state.Globals = append(state.Globals, i.wasm.ExportedGlobal(name).Get())
	}
	return i.module.host.codec.Encode(i.module.base, &state), nil
}

// Restore puts the instance, fresh or used, into the state of a snapshot of the
// same module. A snapshot that is damaged or of something else is a
// *runtime.GuestError and changes nothing.
func (i *Instance) Restore(ctx context.Context, taken []byte) error {
	if err := i.ready(ctx); err != nil {
		return err
	}
	m := i.module
	image, err := m.host.codec.Decode(taken, m.base, len(m.globals), uint32(m.limits.MemoryPages))
	if err != nil {
		return i.refuse(err)
	}
	if err := i.resize(ctx, image.Pages); err != nil {
		return err
	}
	image.Apply(i.memory())
	for n, name := range m.globals {
		i.wasm.ExportedGlobal(name).(api.MutableGlobal).Set(image.Globals[n])
	}
	i.guest.Random, i.guest.Slept = image.Random, image.Slept
	return nil
}

// changed reports whether the instance has state that is in no snapshot.
func (i *Instance) changed() bool { return left(i.budget.changes) != i.module.changes }

func (i *Instance) refuse(err error) error {
	fault := i.complain(runtime.SnapshotCorrupt, err.Error())
	fault.Err = err
	var reason *snapshot.Error
	if errors.As(err, &reason) && reason.Mismatch {
		fault.Code = runtime.SnapshotMismatch
		fault.Hint = "fold the events again from the start"
	}
	return fault
}

// resize gives the instance a memory of so many pages. Memory cannot shrink, so
// an instance that has more is replaced by a fresh one; so is one that has
// changed what is in no snapshot.
func (i *Instance) resize(ctx context.Context, pages uint32) error {
	have := i.wasm.Memory().Size() / snapshot.PageSize
	if have > pages || i.changed() {
		if err := i.replace(ctx); err != nil {
			return err
		}
		have = i.wasm.Memory().Size() / snapshot.PageSize
	}
	if _, ok := i.wasm.Memory().Grow(pages - have); !ok {
		return i.die(i.complain(runtime.SnapshotMismatch, fmt.Sprintf("its memory does not grow to %d pages", pages)))
	}
	return nil
}

func (i *Instance) replace(ctx context.Context) error {
	old := i.wasm
	if err := i.start(ctx); err != nil {
		errors.As(err, &i.dead)
		return errors.Join(err, old.Close(ctx))
	}
	if err := old.Close(ctx); err != nil {
		return fmt.Errorf("closing the instance that was replaced: %w", err)
	}
	return nil
}
