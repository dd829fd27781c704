package rows

import (
	"fmt"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Model is the tables of one read model, for one goroutine, but for Prepare.
type Model struct {
	// Tables are as declared, in that order.
	Tables  []*Writes
	byName  map[string]*Writes
	dialect *Dialect
	now     *decoding // of the batch in hand
	prepared
}

// NewModel returns the model of tables that have been validated.
func NewModel(tables []Table, d *Dialect) *Model {
	m := &Model{byName: make(map[string]*Writes, len(tables)), dialect: d, now: newDecoding(d)}
	for _, declared := range tables {
		t := newWrites(declared)
		m.Tables = append(m.Tables, t)
		m.byName[declared.Name] = t
	}
	return m
}

// Handles reports whether an effect of kind k writes rows.
func Handles(k effect.Kind) bool {
	return k.IsRow()
}

// Gather folds those of the batch's effects that are caused behind a position
// into the tables' writes; of a late batch all. The error is a [*RowError], or
// about a batch whose effects are out of place.
func (m *Model) Gather(b effect.Batch, behind event.Position) error {
	if b.Late {
		b.After, behind = 0, 0
	}
	last := b.After
	for i := range b.Effects {
		f := &b.Effects[i]
		if f.Cause <= b.After || f.Cause < last || f.Cause > b.Through {
			return fmt.Errorf("effect %d of event %d is out of place in a batch of the positions %d to %d",
				f.Ordinal, f.Cause, b.After+1, b.Through)
		}
		last = f.Cause
	}
	first := 0
	for first < len(b.Effects) && b.Effects[first].Cause <= behind {
		first++
	}
	return m.gather(b.Effects[first:])
}

// gather folds effects into the tables' writes.
func (m *Model) gather(effects []effect.Effect) error {
	list := m.decodedOf(effects)
	for i := range list {
		d := &list[i]
		if d.table == nil && d.failed == nil {
			continue // it writes no row
		}
		if d.failed == nil {
			d.failed = d.table.fold(d.operation, d.row, m.dialect.KeyBytes)
		}
		if d.failed != nil {
			d.failed.Position, d.failed.Ordinal, d.failed.Table = effects[i].Cause, effects[i].Ordinal, effects[i].Name
			return d.failed
		}
	}
	return nil
}

// Clear forgets the writes.
func (m *Model) Clear() {
	m.now.clear()
	for _, t := range m.Tables {
		t.clear()
	}
}
