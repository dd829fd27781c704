package frame

import (
	"encoding/binary"
	"slices"
)

var le = binary.LittleEndian

// Event is what BatchWriter writes of an event. Slots has one entry a field of
// the manifest, or is nil.
type Event struct {
	Position, Version uint64
	Time              int64 // Unix nanoseconds
	ID, AggregateID   [16]byte
	CorrelationID     [16]byte
	CausationID       [16]byte
	HasCausation      bool
	Type              string
	AggregateType     string
	SchemaVersion     uint32
	Data              []byte
	Metadata          []byte // nil for none
	Slots             []Slot
}

// BatchWriter builds a batch frame. Use: Reset, then for each group BeginGroup
// and its AddEvents, then Finish. It reuses its memory from batch to batch.
type BatchWriter struct {
	buf      []byte
	groups   []groupMeta
	types    names
	aggTypes names
	events   int
	slots    int
}

type groupMeta struct {
	key, state []byte
	flags      uint32
	first      uint32
	count      uint32
	at         uint32
}

// Reset starts a batch. The declared types get the type indexes from 0 on, in
// their order, in every batch; slots is the number of slots an event carries.
func (w *BatchWriter) Reset(declared []string, slots int) {
	if w.buf == nil {
		w.buf = make([]byte, 0, 64<<10)
	}
	w.buf = w.buf[:batchHeaderSize]
	clear(w.buf)
	w.groups = w.groups[:0]
	w.types.reset(declared)
	w.aggTypes.reset(nil)
	w.events, w.slots = 0, slots
}

// BeginUnkeyed starts the one group of a stateless or resident projection.
func (w *BatchWriter) BeginUnkeyed() { w.begin(groupMeta{}) }

// BeginGroup starts the group of a key, with the key's prior state or, when
// hasState is false, none. The slices are read at Finish.
func (w *BatchWriter) BeginGroup(key, state []byte, hasState bool) {
	g := groupMeta{key: key, state: state, flags: groupKeyed}
	if hasState {
		g.flags |= groupHasState
	}
	w.begin(g)
}

func (w *BatchWriter) begin(g groupMeta) {
	g.first, g.at = uint32(w.events), uint32(len(w.buf))
	w.groups = append(w.groups, g)
}

// Events is the number of events added since Reset.
func (w *BatchWriter) Events() int { return w.events }

// Size is the number of bytes written so far; Finish adds tables, keys and
// states.
func (w *BatchWriter) Size() int { return len(w.buf) }

// AddEvent adds an event to the group begun last.
func (w *BatchWriter) AddEvent(e *Event) {
	at := len(w.buf)
	slots := slotSize * w.slots
	data := eventHeaderSize + slots
	meta := align(data + len(e.Data))
	tail := align(meta + len(e.Metadata))
	w.buf = grow(w.buf, tail)
	rec := w.buf[at:]
	w.putEnvelope(rec, e)
	if w.slots > 0 {
		le.PutUint32(rec[eSlots:], eventHeaderSize)
	}
	le.PutUint32(rec[eData:], uint32(data))
	le.PutUint32(rec[eDataLength:], uint32(len(e.Data)))
	copy(rec[data:], e.Data)
	if e.Metadata != nil {
		le.PutUint32(rec[eMeta:], uint32(meta))
		le.PutUint32(rec[eMetaLength:], uint32(len(e.Metadata)))
		copy(rec[meta:], e.Metadata)
	}
	for i := range w.slots {
		if i < len(e.Slots) {
			w.putSlot(at, eventHeaderSize+i*slotSize, e.Slots[i])
		}
	}
	le.PutUint32(w.buf[at+eLength:], uint32(len(w.buf)-at))
	w.events++
	w.groups[len(w.groups)-1].count++
}

func (w *BatchWriter) putEnvelope(rec []byte, e *Event) {
	rec = rec[:eventHeaderSize:eventHeaderSize]
	var flags uint32
	if e.HasCausation {
		flags |= eventHasCausation
		copy(rec[eCausation:], e.CausationID[:])
	}
	if e.Metadata != nil {
		flags |= eventHasMetadata
	}
	le.PutUint32(rec[eFlags:], flags)
	le.PutUint64(rec[ePosition:], e.Position)
	le.PutUint64(rec[eVersion:], e.Version)
	le.PutUint64(rec[eTime:], uint64(e.Time))
	copy(rec[eID:], e.ID[:])
	copy(rec[eAggregateID:], e.AggregateID[:])
	copy(rec[eCorrelation:], e.CorrelationID[:])
	le.PutUint32(rec[eType:], w.types.index(e.Type))
	le.PutUint32(rec[eAggregateType:], w.aggTypes.index(e.AggregateType))
	le.PutUint32(rec[eSchemaVersion:], e.SchemaVersion)
}

// putSlot writes a slot of the record at offset at; bytes that it refers to go
// to the record's end.
func (w *BatchWriter) putSlot(at, slot int, s Slot) {
	value := s.bits
	if s.Kind.refers() {
		value = uint64(len(w.buf) - at)
		w.buf = append(w.buf, s.ref...)
		w.buf = grow(w.buf, align(len(w.buf))-len(w.buf))
	}
	b := w.buf[at+slot:]
	le.PutUint32(b[sKind:], uint32(s.Kind))
	le.PutUint32(b[sLength:], uint32(len(s.ref)))
	le.PutUint64(b[sValue:], value)
}

// Finish completes the batch and returns its frame, valid until the next Reset.
// A batch over MaxSize is a *FormatError.
func (w *BatchWriter) Finish() ([]byte, error) {
	eventsLength := len(w.buf) - batchHeaderSize
	groups := len(w.buf)
	w.buf = grow(w.buf, groupSize*len(w.groups))
	for i := range w.groups {
		w.putGroup(groups+i*groupSize, &w.groups[i])
	}
	types := w.putNames(w.types.list)
	aggTypes := w.putNames(w.aggTypes.list)
	if len(w.buf) > MaxSize {
		return nil, &FormatError{Frame: "batch", Reason: "is larger than 64 MiB"}
	}
	h := w.buf[:batchHeaderSize]
	le.PutUint32(h[bMagic:], batchMagic)
	le.PutUint32(h[bLength:], uint32(len(w.buf)))
	le.PutUint16(h[bVersion:], Version)
	le.PutUint32(h[bEventCount:], uint32(w.events))
	le.PutUint32(h[bGroupCount:], uint32(len(w.groups)))
	le.PutUint32(h[bGroups:], uint32(groups))
	le.PutUint32(h[bTypeCount:], uint32(len(w.types.list)))
	le.PutUint32(h[bTypes:], uint32(types))
	le.PutUint32(h[bAggTypeCount:], uint32(len(w.aggTypes.list)))
	le.PutUint32(h[bAggTypes:], uint32(aggTypes))
	le.PutUint32(h[bEvents:], batchHeaderSize)
	le.PutUint32(h[bEventsLength:], uint32(eventsLength))
	le.PutUint32(h[bSlotsPerEvent:], uint32(w.slots))
	return w.buf, nil
}

func (w *BatchWriter) putGroup(at int, g *groupMeta) {
	key := w.putBytes(g.key)
	state := w.putBytes(g.state)
	b := w.buf[at : at+groupSize]
	le.PutUint32(b[gKey:], uint32(key))
	le.PutUint32(b[gKeyLength:], uint32(len(g.key)))
	le.PutUint32(b[gState:], uint32(state))
	le.PutUint32(b[gStateLength:], uint32(len(g.state)))
	le.PutUint32(b[gFlags:], g.flags)
	le.PutUint32(b[gFirstEvent:], g.first)
	le.PutUint32(b[gEventCount:], g.count)
	le.PutUint32(b[gEventsAt:], g.at)
}

// putBytes appends v, padded to a multiple of 8, and returns its offset; 0 for
// nothing.
func (w *BatchWriter) putBytes(v []byte) int {
	if len(v) == 0 {
		return 0
	}
	at := len(w.buf)
	w.buf = append(w.buf, v...)
	w.buf = grow(w.buf, align(len(w.buf))-len(w.buf))
	return at
}

func (w *BatchWriter) putNames(list []string) int {
	at := len(w.buf)
	w.buf = grow(w.buf, nameSize*len(list))
	for i, name := range list {
		text := len(w.buf)
		w.buf = append(w.buf, name...)
		w.buf = grow(w.buf, align(len(w.buf))-len(w.buf))
		le.PutUint32(w.buf[at+i*nameSize:], uint32(text))
		le.PutUint32(w.buf[at+i*nameSize+4:], uint32(len(name)))
	}
	return at
}

// names is a table of strings, each with an index.
type names struct {
	list []string
	by   map[string]uint32
}

// reset leaves the declared names and no other.
func (n *names) reset(declared []string) {
	if n.by != nil && slices.Equal(n.list, declared) {
		return
	}
	n.list = append(n.list[:0], declared...)
	if n.by == nil {
		n.by = make(map[string]uint32, len(declared)+8)
	}
	clear(n.by)
	for i, name := range declared {
		n.by[name] = uint32(i)
	}
}

func (n *names) index(name string) uint32 {
	if i, ok := n.by[name]; ok {
		return i
	}
	i := uint32(len(n.list))
	n.list = append(n.list, name)
	n.by[name] = i
	return i
}

// grow extends b by n zero bytes.
func grow(b []byte, n int) []byte {
	old := len(b)
	if cap(b)-old < n {
		b = append(b, make([]byte, n)...)
		return b
	}
	b = b[:old+n]
	clear(b[old:])
	return b
}
