package framejson

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/sdk/frame"
)

// Batch is what a batch frame says.
type Batch struct {
	// Types is the type table's start: the event types that the manifest
	// declares. A frame's further types follow in the order of their use.
	Types         []string `json:"types"`
	SlotsPerEvent int      `json:"slots_per_event"`
	Groups        []Group  `json:"groups"`
}

// Group is one group of a batch.
type Group struct {
	Key    *Text   `json:"key"`   // null: the unkeyed group
	State  *Text   `json:"state"` // null: no prior state
	Events []Event `json:"events"`
}

// Event is one event of a batch.
type Event struct {
	Position      uint64     `json:"position,string"`
	Version       uint64     `json:"version,string"`
	Time          int64      `json:"time,string"` // Unix nanoseconds
	ID            uuid.UUID  `json:"id"`
	AggregateType string     `json:"aggregate_type"`
	AggregateID   uuid.UUID  `json:"aggregate_id"`
	Type          string     `json:"type"`
	TypeIndex     int        `json:"type_index"`
	SchemaVersion uint32     `json:"schema_version"`
	CorrelationID uuid.UUID  `json:"correlation_id"`
	CausationID   *uuid.UUID `json:"causation_id"`
	Data          Text       `json:"data"`
	Metadata      *Text      `json:"metadata"`
	Slots         []Slot     `json:"slots"`
}

// OfBatch reads a batch into its description. Types holds the whole table.
func OfBatch(b frame.Batch) Batch {
	out := Batch{Types: []string{}, SlotsPerEvent: b.SlotsPerEvent(), Groups: []Group{}}
	for i := range b.TypeCount() {
		out.Types = append(out.Types, string(b.TypeName(i)))
	}
	for g := range b.Groups() {
		out.Groups = append(out.Groups, ofGroup(g, out.SlotsPerEvent))
	}
	return out
}

func ofGroup(g frame.Group, slots int) Group {
	out := Group{Key: optional(g.Key(), g.Keyed()), State: optional(g.State()), Events: []Event{}}
	for e := range g.Events() {
		out.Events = append(out.Events, ofEvent(e, slots))
	}
	return out
}

func ofEvent(e frame.EventView, slots int) Event {
	out := Event{
		Position: e.Position(), Version: e.Version(), Time: e.Time(),
		ID: uuid.UUID(e.ID()), AggregateID: uuid.UUID(e.AggregateID()), CorrelationID: uuid.UUID(e.CorrelationID()),
		AggregateType: string(e.AggregateType()), Type: string(e.Type()), TypeIndex: e.TypeIndex(),
		SchemaVersion: e.SchemaVersion(),
		Data:          append(Text{}, e.Data()...),
		Metadata:      optional(e.Metadata()),
		Slots:         []Slot{},
	}
	if id, ok := e.CausationID(); ok {
		cause := uuid.UUID(id)
		out.CausationID = &cause
	}
	for i := range slots {
		out.Slots = append(out.Slots, OfSlot(e.Slot(i)))
	}
	return out
}

// Frame builds the frame that says b. TypeIndex is not read: it follows from
// Types.
func (b Batch) Frame() ([]byte, error) {
	var w frame.BatchWriter
	w.Reset(b.Types, b.SlotsPerEvent)
	for i, g := range b.Groups {
		switch {
		case g.Key == nil:
			w.BeginUnkeyed()
		case g.State == nil:
			w.BeginGroup(*g.Key, nil, false)
		default:
			w.BeginGroup(*g.Key, *g.State, true)
		}
		for j := range g.Events {
			if err := addEvent(&w, &g.Events[j]); err != nil {
				return nil, fmt.Errorf("group %d, event %d: %w", i, j, err)
			}
		}
	}
	return w.Finish()
}

func addEvent(w *frame.BatchWriter, e *Event) error {
	out := frame.Event{
		Position: e.Position, Version: e.Version, Time: e.Time,
		ID: e.ID, AggregateID: e.AggregateID, CorrelationID: e.CorrelationID,
		Type: e.Type, AggregateType: e.AggregateType, SchemaVersion: e.SchemaVersion,
		Data: e.Data,
	}
	if e.CausationID != nil {
		out.CausationID, out.HasCausation = *e.CausationID, true
	}
	if e.Metadata != nil {
		out.Metadata = append([]byte{}, *e.Metadata...)
	}
	for i, s := range e.Slots {
		slot, err := s.slot()
		if err != nil {
			return fmt.Errorf("slot %d: %w", i, err)
		}
		out.Slots = append(out.Slots, slot)
	}
	w.AddEvent(&out)
	return nil
}
