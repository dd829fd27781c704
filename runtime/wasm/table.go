package wasm

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/tetratelabs/wazero/api"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
	"github.com/refold-dev/refold/runtime/wasm/internal/snapshot"
)

// changedTable is one that code changes: its index in the module, and how many slots it
// may have.
type changedTable struct{ index, limit uint32 }

// references reads and writes what an instance has beside memory and globals: the
// tables that code changes, and the segments that code has dropped. The functions
// are those that the meter has added; they take no fuel.
type references struct {
	wasm           api.Module
	tables         []tableAccess
	function, drop api.Function
	dropped        []api.MutableGlobal
	// known are the numbers of functions by reference, as far as they are known. A
	// reference is opaque and the instance's own; it never goes back. An import has
	// one, and so has what code refers to; what an element segment refers to has
	// another in each of its places.
	known map[uint64]uint32
}

// tableAccess reads and changes a table. If it is not one of functions, get and
// set are nil.
type tableAccess struct {
	index                uint32
	size, grow, get, set api.Function
}

func newReferences(m api.Module, tables []changedTable) references {
	r := references{wasm: m, function: m.ExportedFunction(meter.Function), drop: m.ExportedFunction(meter.Drop)}
	for _, t := range tables {
		of := func(name string) api.Function { return m.ExportedFunction(name + strconv.Itoa(int(t.index))) }
		r.tables = append(r.tables, tableAccess{t.index, of(meter.TableSize), of(meter.TableGrow), of(meter.TableGet), of(meter.TableSet)})
	}
	for {
		word := m.ExportedGlobal(fmt.Sprintf("%s%d", meter.Dropped, len(r.dropped)))
		if word == nil {
			return r
		}
		r.dropped = append(r.dropped, word.(api.MutableGlobal))
	}
}

// read returns what stands in the slots of the tables. It is likely the same as in
// old.
func (r *references) read(ctx context.Context, all *functions, old [][]uint32) (list [][]uint32, err error) {
	tries := maxTries
	for n := range r.tables {
		var before []uint32
		if old != nil {
			before = old[n]
		}
		slots, err := r.slots(ctx, &r.tables[n], all, before, &tries)
		if err != nil {
			return nil, err
		}
		list = append(list, slots)
	}
	return list, nil
}

func (r *references) slots(ctx context.Context, t *tableAccess, all *functions, old []uint32, tries *int) ([]uint32, error) {
	size, err := call(ctx, t.size)
	if err != nil {
		return nil, err
	}
	slots := make([]uint32, uint32(size))
	if t.get == nil {
		return slots, nil // no guest comes by a reference that is no function's
	}
	if err := r.learn(ctx, len(all.typeOf)); err != nil {
		return nil, err
	}
	for at := range slots {
		reference, err := call(ctx, t.get, uint64(at))
		if err != nil {
			return nil, err
		}
		number, ok := r.known[reference]
		if !ok {
			likely := uint32(0)
			if at < len(old) {
				likely = old[at]
			}
			if number, err = all.find(r.wasm, t.index, uint32(at), likely, tries); err != nil {
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

// apply changes a fresh instance's tables and segments to those of a snapshot.
func (r *references) apply(ctx context.Context, m *snapshot.Image) error {
	for i, word := range m.Dropped {
		r.dropped[i].Set(word)
	}
	if r.drop != nil {
		if _, err := call(ctx, r.drop); err != nil {
			return err
		}
	}
	for n := range r.tables {
		if err := r.tables[n].resize(ctx, m.Tables[n]); err != nil {
			return err
		}
	}
	for _, slot := range m.Slots {
		set := r.tables[slot.Table].set
		if set == nil {
			return fmt.Errorf("table %d holds no functions", r.tables[slot.Table].index)
		}
		if _, err := call(ctx, set, uint64(slot.At), uint64(slot.Number)); err != nil {
			return err
		}
	}
	return nil
}

// resize makes a table, which is not larger, as large as that of a snapshot.
func (t *tableAccess) resize(ctx context.Context, slots uint32) error {
	size, err := call(ctx, t.size)
	if err != nil {
		return err
	}
	old, err := call(ctx, t.grow, uint64(slots)-size)
	if err != nil {
		return err
	}
	if uint32(old) != uint32(size) {
		return fmt.Errorf("table %d does not grow to %d slots", t.index, slots)
	}
	return nil
}

// call calls a function that the meter has added.
func call(ctx context.Context, fn api.Function, args ...uint64) (uint64, error) {
	var stack [2]uint64
	copy(stack[:], args)
	if err := fn.CallWithStack(ctx, stack[:]); err != nil {
		return 0, fmt.Errorf("reading or restoring a table: %w", err)
	}
	return stack[0], nil
}

// changed reports whether the instance has changed a table or dropped segments
// since it started.
func (i *Instance) changed() bool { return left(i.budget.changes) != i.module.changes }

// restoreReferences brings tables and segments of an instance, which is fresh if
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
