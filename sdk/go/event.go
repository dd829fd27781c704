package refold

import (
	"time"

	"github.com/refold-dev/refold/sdk/frame"
)

// Event is the event that a fold is called with.
type Event struct {
	view  frame.EventView
	batch *batch
}

// batch is what the events of a batch share.
type batch struct {
	frame frame.Batch
	types []string // by type index
	key   string   // of the group being folded
}

// open starts a batch. The declared types keep their strings from batch to
// batch, so that Event.Type costs nothing.
func (b *batch) open(f frame.Batch) {
	b.frame, b.key = f, ""
	n := f.TypeCount()
	b.types = b.types[:min(n, len(b.types))]
	for i := range n {
		name := f.TypeName(i)
		switch {
		case i == len(b.types):
			b.types = append(b.types, string(name))
		case b.types[i] != string(name):
			b.types[i] = string(name)
		}
	}
}

// Type is the event's type, such as "file_added".
func (e Event) Type() string { return e.batch.types[e.view.TypeIndex()] }

// TypeIndex is the type's place among the projection's Events, for a fold that
// switches on integers.
func (e Event) TypeIndex() int { return e.view.TypeIndex() }

// Key is the key of a keyed projection, else empty.
func (e Event) Key() string { return e.batch.key }

// Position is the event's place in the whole log, from 1.
func (e Event) Position() uint64 { return e.view.Position() }

// Version is the event's place in its aggregate, from 1.
func (e Event) Version() uint64 { return e.view.Version() }

// Time is when the event happened, in UTC.
func (e Event) Time() time.Time { return time.Unix(0, e.view.Time()).UTC() }

// ID is the event's id.
func (e Event) ID() UUID { return UUID(e.view.ID()) }

// AggregateID is the id of the event's aggregate.
func (e Event) AggregateID() UUID { return UUID(e.view.AggregateID()) }

// AggregateType is the type of the event's aggregate.
func (e Event) AggregateType() string { return string(e.view.AggregateType()) }

// CorrelationID ties together all events of one undertaking.
func (e Event) CorrelationID() UUID { return UUID(e.view.CorrelationID()) }

// CausationID is the event or command that caused the event; ok is false if it
// has none.
func (e Event) CausationID() (id UUID, ok bool) {
	b, ok := e.view.CausationID()
	return UUID(b), ok
}

// SchemaVersion is the version of the event type's fields.
func (e Event) SchemaVersion() uint32 { return e.view.SchemaVersion() }

// Data is the payload as JSON text. Declare a field instead where one will do.
func (e Event) Data() []byte { return e.view.Data() }

// Metadata is the metadata as JSON text; ok is false if there is none.
func (e Event) Metadata() (text []byte, ok bool) { return e.view.Metadata() }
