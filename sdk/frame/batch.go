package frame

import "iter"

// Batch reads a batch frame in place.
type Batch struct {
	b []byte
}

// Group reads one group of a batch: a key, its prior state and its events.
type Group struct {
	b   []byte // the frame
	rec []byte
	// Index is the group's index in the batch.
	Index int
}

// EventView reads one event record in place.
type EventView struct {
	b   []byte // the frame
	rec []byte
	// Index is the event's index in the batch.
	Index int
}

// EventCount is the number of events in all groups.
func (b Batch) EventCount() int { return int(le.Uint32(b.b[bEventCount:])) }

// GroupCount is the number of groups.
func (b Batch) GroupCount() int { return int(le.Uint32(b.b[bGroupCount:])) }

// SlotsPerEvent is the number of slots that every event carries.
func (b Batch) SlotsPerEvent() int { return int(le.Uint32(b.b[bSlotsPerEvent:])) }

// TypeCount is the number of event types in the batch's type table.
func (b Batch) TypeCount() int { return int(le.Uint32(b.b[bTypeCount:])) }

// TypeName returns the event type of a type index below TypeCount.
func (b Batch) TypeName(i int) []byte { return name(b.b, le.Uint32(b.b[bTypes:]), i) }

// Group returns the i-th group.
func (b Batch) Group(i int) Group {
	at := int(le.Uint32(b.b[bGroups:])) + i*groupSize
	return Group{b: b.b, rec: b.b[at : at+groupSize], Index: i}
}

// Groups yields the groups in order.
func (b Batch) Groups() iter.Seq[Group] {
	return func(yield func(Group) bool) {
		for i := range b.GroupCount() {
			if !yield(b.Group(i)) {
				return
			}
		}
	}
}

// Key is the group's key; nil for the unkeyed group.
func (g Group) Key() []byte {
	return slice(g.b, le.Uint32(g.rec[gKey:]), le.Uint32(g.rec[gKeyLength:]))
}

// Keyed reports whether the group has a key.
func (g Group) Keyed() bool { return le.Uint32(g.rec[gFlags:])&groupKeyed != 0 }

// State is the key's prior state; ok is false if it has none.
func (g Group) State() (state []byte, ok bool) {
	if le.Uint32(g.rec[gFlags:])&groupHasState == 0 {
		return nil, false
	}
	return slice(g.b, le.Uint32(g.rec[gState:]), le.Uint32(g.rec[gStateLength:])), true
}

// EventCount is the number of events in the group.
func (g Group) EventCount() int { return int(le.Uint32(g.rec[gEventCount:])) }

// FirstEvent is the index of the group's first event in the batch.
func (g Group) FirstEvent() int { return int(le.Uint32(g.rec[gFirstEvent:])) }

// Events yields the group's events in order.
func (g Group) Events() iter.Seq[EventView] {
	return func(yield func(EventView) bool) {
		at, first := int(le.Uint32(g.rec[gEventsAt:])), g.FirstEvent()
		for i := range g.EventCount() {
			length := int(le.Uint32(g.b[at:]))
			if !yield(EventView{b: g.b, rec: g.b[at : at+length], Index: first + i}) {
				return
			}
			at += length
		}
	}
}

// Position is the event's place in the whole log.
func (e EventView) Position() uint64 { return le.Uint64(e.rec[ePosition:]) }

// Version is the event's place in its aggregate.
func (e EventView) Version() uint64 { return le.Uint64(e.rec[eVersion:]) }

// Time is when the event happened, in Unix nanoseconds.
func (e EventView) Time() int64 { return int64(le.Uint64(e.rec[eTime:])) }

// ID is the event's id, 16 bytes.
func (e EventView) ID() []byte { return e.rec[eID : eID+16] }

// AggregateID is the id of the event's aggregate, 16 bytes.
func (e EventView) AggregateID() []byte { return e.rec[eAggregateID : eAggregateID+16] }

// CorrelationID is the event's correlation id, 16 bytes.
func (e EventView) CorrelationID() []byte { return e.rec[eCorrelation : eCorrelation+16] }

// CausationID is the event's causation id, 16 bytes; ok is false if it has none.
func (e EventView) CausationID() (id []byte, ok bool) {
	return e.rec[eCausation : eCausation+16], le.Uint32(e.rec[eFlags:])&eventHasCausation != 0
}

// TypeIndex is the index of the event's type in the batch's type table: for a
// declared type, its place in the manifest.
func (e EventView) TypeIndex() int { return int(le.Uint32(e.rec[eType:])) }

// Type is the event's type.
func (e EventView) Type() []byte { return name(e.b, le.Uint32(e.b[bTypes:]), e.TypeIndex()) }

// AggregateType is the type of the event's aggregate.
func (e EventView) AggregateType() []byte {
	return name(e.b, le.Uint32(e.b[bAggTypes:]), int(le.Uint32(e.rec[eAggregateType:])))
}

// SchemaVersion is the version of the event type's fields.
func (e EventView) SchemaVersion() uint32 { return le.Uint32(e.rec[eSchemaVersion:]) }

// Data is the payload as JSON text.
func (e EventView) Data() []byte {
	return slice(e.rec, le.Uint32(e.rec[eData:]), le.Uint32(e.rec[eDataLength:]))
}

// Metadata is the metadata as JSON text; ok is false if there is none.
func (e EventView) Metadata() (text []byte, ok bool) {
	if le.Uint32(e.rec[eFlags:])&eventHasMetadata == 0 {
		return nil, false
	}
	return slice(e.rec, le.Uint32(e.rec[eMeta:]), le.Uint32(e.rec[eMetaLength:])), true
}

// Slot is the i-th field that the manifest asked for; Null where the batch has
// fewer slots.
func (e EventView) Slot(i int) Slot {
	if i < 0 || i >= int(le.Uint32(e.b[bSlotsPerEvent:])) {
		return Slot{}
	}
	at := int(le.Uint32(e.rec[eSlots:])) + i*slotSize
	rec := e.rec[at : at+slotSize]
	s := Slot{Kind: Kind(le.Uint32(rec[sKind:])), bits: le.Uint64(rec[sValue:])}
	if s.Kind.refers() {
		s.ref = slice(e.rec, uint32(s.bits), le.Uint32(rec[sLength:]))
	}
	return s
}

// name returns the i-th entry of the name table at offset table.
func name(b []byte, table uint32, i int) []byte {
	at := int(table) + i*nameSize
	return slice(b, le.Uint32(b[at:]), le.Uint32(b[at+4:]))
}

func slice(b []byte, at, length uint32) []byte {
	if length == 0 {
		return nil
	}
	return b[at : at+length : at+length]
}
