package rows

import (
	"fmt"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Model is the tables of one read model, for one goroutine.
type Model struct {
	// Tables are as declared, in that order.
	Tables  []*Writes
	byName  map[string]*Writes
	decoder decoder
}

// NewModel returns the model of tables that have been validated.
func NewModel(tables []Table, d *Dialect) *Model {
	m := &Model{byName: make(map[string]*Writes, len(tables)), decoder: decoder{dialect: d}}
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
		if f.Cause <= behind || !Handles(f.Kind) {
			continue
		}
		if err := m.gatherOne(f); err != nil {
			err.Position, err.Ordinal, err.Table = f.Cause, f.Ordinal, f.Name
			return err
		}
	}
	return nil
}

func (m *Model) gatherOne(f *effect.Effect) *RowError {
	t, ok := m.byName[f.Name]
	if !ok {
		return &RowError{Reason: "is not declared"}
	}
	operation, row := Remove, t.newRow()
	var err *RowError
	switch f.Kind {
	case effect.Insert:
		operation, err = Put, m.decoder.insert(t, f.Body, row)
	case effect.Update:
		operation, err = Patch, m.decoder.update(t, f.Key, f.Body, row)
	default:
		err = m.decoder.key(t, f.Key, row)
	}
	if err == nil {
		err = t.fold(operation, row, m.decoder.dialect.KeyBytes)
	}
	return err
}

// Clear forgets the writes.
func (m *Model) Clear() {
	for _, t := range m.Tables {
		t.clear()
	}
}
