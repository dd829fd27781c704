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
	state, err := i.state(ctx)
	if err != nil {
		return nil, err
	}
	return i.module.host.codec.Encode(i.module.base, state), nil
}

// state is the instance's state, valid until the next call. Tables that nothing
// has changed are not read.
func (i *Instance) state(ctx context.Context) (*snapshot.State, error) {
	s := &snapshot.State{Memory: i.memory(), Random: i.guest.Random, Slept: i.guest.Slept, Dropped: i.references.segments()}
	for _, name := range i.module.globals {
		s.Globals = append(s.Globals, i.wasm.ExportedGlobal(name).Get())
	}
	var old [][]uint32
	if i.module.base != nil {
		old = i.module.base.Tables()
		if !i.changed() {
			s.Tables = old
			return s, nil
		}
	}
	var err error
	if s.Tables, err = i.references.read(ctx, i.module.functions, old); err != nil {
		return nil, i.module.blame(err)
	}
	return s, nil
}

// Restore puts the instance, fresh or used, into the state of a snapshot of the
// same module. A snapshot that is damaged or of something else is a
// *runtime.GuestError and changes nothing.
func (i *Instance) Restore(ctx context.Context, taken []byte) error {
	if err := i.ready(ctx); err != nil {
		return err
	}
	m := i.module
	image, err := m.host.codec.Decode(taken, m.base, m.shape())
	if err != nil {
		return i.refuse(err)
	}
	if err := i.resize(ctx, image.Pages); err != nil {
		return err
	}
	if err := i.restoreReferences(ctx, image); err != nil {
		return err
	}
	image.Apply(i.memory())
	for n, name := range m.globals {
		i.wasm.ExportedGlobal(name).(api.MutableGlobal).Set(image.Globals[n])
	}
	i.guest.Random, i.guest.Slept = image.Random, image.Slept
	return nil
}

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
// changed its table or dropped segments, which cannot shrink and come back.
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
