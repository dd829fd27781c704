package wasm

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
	"github.com/refold-dev/refold/runtime/wasm/internal/snapshot"
)

// references reads and writes what an instance has beside memory and globals:
// its table, if code changes it, and the segments that code has dropped. The
// functions are those that the meter has added; they take no fuel.
type references struct {
	wasm                 api.Module
	size, grow, get, set api.Function
	function, drop       api.Function
	dropped              []api.MutableGlobal
	// known are the numbers of functions by reference, as far as they are known. A
	// reference is opaque and the instance's own; it never goes back. An import has
	// one, and so has what code refers to; what an element segment refers to has
	// another in each of its places.
	known map[uint64]uint32
}

func newReferences(m api.Module) references {
	r := references{wasm: m, size: m.ExportedFunction(meter.TableSize), grow: m.ExportedFunction(meter.TableGrow),
		get: m.ExportedFunction(meter.TableGet), set: m.ExportedFunction(meter.TableSet),
		function: m.ExportedFunction(meter.Function), drop: m.ExportedFunction(meter.Drop)}
	for {
		word := m.ExportedGlobal(fmt.Sprintf("%s%d", meter.Dropped, len(r.dropped)))
		if word == nil {
			return r
		}
		r.dropped = append(r.dropped, word.(api.MutableGlobal))
	}
}

// table returns what stands in the slots, or nil if no code changes them. It is
// likely the same as in old.
func (r *references) table(ctx context.Context, all *functions, old []uint32) ([]uint32, error) {
	if r.size == nil {
		return nil, nil
	}
	size, err := call(ctx, r.size)
	if err != nil {
		return nil, err
	}
	slots := make([]uint32, uint32(size))
	if r.get == nil {
		return slots, nil // no guest comes by a reference that is no function's
	}
	if err := r.learn(ctx, len(all.typeOf)); err != nil {
		return nil, err
	}
	tries := maxTries
	for at := range slots {
		reference, err := call(ctx, r.get, uint64(at))
		if err != nil {
			return nil, err
		}
		number, ok := r.known[reference]
		if !ok {
			likely := uint32(0)
			if at < len(old) {
				likely = old[at]
			}
			if number, err = all.find(r.wasm, uint32(at), likely, &tries); err != nil {
				return nil, err
			}
			r.known[reference] = number
		}
		slots[at] = number
	}
	return slots, nil
}

// check refuses an instance with an element segment outside of its table, which
// wazero leaves out with all behind it, the meter's own among them.
func (r *references) check(ctx context.Context, all *functions) error {
	if r.function == nil || len(all.numbers) == 0 {
		return nil
	}
	if first, err := call(ctx, r.function, 1); err != nil || first != 0 {
		return err
	}
	return errors.New("an element segment lies outside of its table")
}

// learn learns the references to all functions that the meter's own table has;
// number 0 is null.
func (r *references) learn(ctx context.Context, numbers int) error {
	if r.known != nil {
		return nil
	}
	known := make(map[uint64]uint32, numbers)
	for number := range uint32(numbers) {
		reference, err := call(ctx, r.function, uint64(number))
		if err != nil {
			return err
		}
		known[reference] = number
	}
	r.known = known
	return nil
}

func (r *references) segments() []uint64 {
	words := make([]uint64, len(r.dropped))
	for i, global := range r.dropped {
		words[i] = global.Get()
	}
	return words
}

// apply changes a fresh instance's table and segments to those of a snapshot.
func (r *references) apply(ctx context.Context, m *snapshot.Image) error {
	for i, word := range m.Dropped {
		r.dropped[i].Set(word)
	}
	if r.drop != nil {
		if _, err := call(ctx, r.drop); err != nil {
			return err
		}
	}
	if r.size == nil {
		return nil
	}
	size, err := call(ctx, r.size)
	if err != nil {
		return err
	}
	old, err := call(ctx, r.grow, uint64(m.Table)-size)
	if err != nil {
		return err
	}
	if uint32(old) != uint32(size) {
		return fmt.Errorf("its table does not grow to %d slots", m.Table)
	}
	for _, slot := range m.Slots {
		if _, err := call(ctx, r.set, uint64(slot.At), uint64(slot.Number)); err != nil {
			return err
		}
	}
	return nil
}

// call calls a function that the meter has added.
func call(ctx context.Context, fn api.Function, args ...uint64) (uint64, error) {
	var stack [2]uint64
	copy(stack[:], args)
	if err := fn.CallWithStack(ctx, stack[:]); err != nil {
		return 0, fmt.Errorf("reading or restoring its table: %w", err)
	}
	return stack[0], nil
}

// changed reports whether the instance has changed its table or dropped segments
// since it started.
func (i *Instance) changed() bool { return left(i.budget.changes) != i.module.changes }

// restoreReferences brings table and segments of an instance, which is fresh if
// it has changed any, to those of a snapshot.
func (i *Instance) restoreReferences(ctx context.Context, image *snapshot.Image) error {
	if !image.HasReferences() {
		return nil
	}
	if err := i.references.apply(ctx, image); err != nil {
		fault := i.complain(runtime.SnapshotMismatch, "cannot be restored: "+err.Error())
		fault.Err = err
		return i.die(fault)
	}
	i.budget.changes.Set(uint64(i.module.changes + 1))
	return nil
}
