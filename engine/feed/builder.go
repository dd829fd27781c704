package feed

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/valyala/fastjson"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
)

// MaxKeyLength bounds a key, in bytes.
const MaxKeyLength = 1024

// EventError is an event that cannot be put into a batch.
type EventError struct {
	Position event.Position
	Reason   string
}

func (e *EventError) Error() string {
	return fmt.Sprintf("event at position %d: %s", e.Position, e.Reason)
}

// Batch is a frame and what the engine must remember of it.
type Batch struct {
	// Frame is valid until the next Build; nil if no event was wanted.
	Frame []byte
	// Events are the frame's, by their index in it. They are those that Build was
	// given, in its memory.
	Events []*event.Recorded
	// Keys of the frame's groups, by their index; nil for an unkeyed group.
	Keys [][]byte
	// ends are the groups' ends in Events, by their index.
	ends []int
	// Filtered counts the events that were left out, Parked and DeadLettered those
	// that are aside.
	Filtered, Parked, DeadLettered int
}

// KeyOf is the key of the group that an event of the frame is in; nil for none.
func (b *Batch) KeyOf(event int) []byte {
	group, _ := slices.BinarySearch(b.ends, event+1)
	return b.Keys[group]
}

// Aside says which of the events that a pipeline wants are not to be folded in
// their turn. It is asked about each event once a Build.
type Aside interface {
	// DeadLettered reports whether the event is left out for good. It is asked
	// before the payload is looked at.
	DeadLettered(e *event.Recorded) bool
	// Parked reports whether the event has to wait, with others of its key, whose
	// bytes are valid during the call.
	Parked(e *event.Recorded, key []byte) bool
}

// Lookup returns the prior state of a key. The bytes need only stay valid until
// Build returns.
type Lookup func(key []byte) (state []byte, ok bool)

// Builder makes batches for one projection. It reuses its memory and is used by
// one goroutine.
type Builder struct {
	selection Selection
	declared  []string
	fields    []field
	keyed     bool
	keyPath   []string // nil: the aggregate's id
	pipeline  string   // whose answers go to the keys that have asked; empty: everybody's
	aside     Aside    // nil: nothing is

	writer   frame.BatchWriter
	parsers  []fastjson.Parser
	payloads []*fastjson.Value // by index in events; nil where not parsed
	slots    []frame.Slot
	scratch  []byte // of one event's slots
	keys     []byte // of all groups
	groupOf  map[string]int
	groups   []group
	free     [][]int // members' memory, to be used again
	batch    Batch
}

type group struct {
	key     []byte
	members []int // indexes in events
}

// NewBuilder makes batches as the manifest asks for. keyPath overrides the
// manifest's key where it is not empty.
func NewBuilder(m *manifest.Manifest, selection Selection, keyPath string) *Builder {
	b := &Builder{
		selection: selection,
		declared:  m.Events,
		fields:    newFields(m.Fields),
		keyed:     m.State == manifest.Keyed,
		groupOf:   map[string]int{},
	}
	if keyPath == "" {
		keyPath = m.Key
	}
	if keyPath != "" {
		b.keyPath = strings.Split(keyPath, ".")
	}
	b.slots = make([]frame.Slot, len(b.fields))
	return b
}

// Types are the event types of which batches may have events; nil for all.
func (b *Builder) Types() []string { return b.selection.Types() }

// SetPipeline names the pipeline that is fed: an answer to a query of its own goes to
// the key that has asked, one to another's to the key that it has as an event.
// Without a name every answer is the pipeline's own.
func (b *Builder) SetPipeline(name string) { b.pipeline = name }

// SetAside has events left out; nil has none. It is for builders of keyed batches
// and of others.
func (b *Builder) SetAside(a Aside) { b.aside = a }

// Build frames the events that the pipeline wants. The batch is valid until
// the next Build.
func (b *Builder) Build(events []event.Recorded, prior Lookup) (*Batch, error) {
	b.reset(len(events))
	for i := range events {
		if err := b.sort(i, &events[i]); err != nil {
			return nil, err
		}
	}
	if len(b.groups) == 0 {
		b.batch.Frame = nil
		return &b.batch, nil
	}
	b.writer.Reset(b.declared, len(b.fields))
	for i := range b.groups {
		g := &b.groups[i]
		b.begin(g, prior)
		for _, at := range g.members {
			b.write(&events[at], b.payloads[at])
		}
		b.batch.ends = append(b.batch.ends, len(b.batch.Events))
	}
	var err error
	b.batch.Frame, err = b.writer.Finish()
	return &b.batch, err
}

func (b *Builder) reset(events int) {
	for _, g := range b.groups {
		b.free = append(b.free, g.members[:0])
	}
	b.groups = b.groups[:0]
	clear(b.groupOf)
	b.keys = b.keys[:0]
	clear(b.batch.Events) // or they would hold the memory of what has been folded
	b.batch = Batch{Events: b.batch.Events[:0], Keys: b.batch.Keys[:0], ends: b.batch.ends[:0]}
	for len(b.payloads) < events {
		b.payloads = append(b.payloads, nil)
		b.parsers = append(b.parsers, fastjson.Parser{})
	}
}

// sort puts an event into its group or leaves it out.
func (b *Builder) sort(i int, e *event.Recorded) error {
	b.payloads[i] = nil
	if !b.selection.Wants(e) {
		b.batch.Filtered++
		return nil
	}
	if b.aside != nil && b.aside.DeadLettered(e) {
		b.batch.DeadLettered++
		return nil
	}
	if len(b.fields) > 0 || b.keyed && b.keyPath != nil {
		v, err := b.parsers[i].ParseBytes(e.Data)
		if err != nil {
			return &EventError{e.Position, "its payload cannot be read as JSON: " + err.Error()}
		}
		b.payloads[i] = v
	}
	if !b.keyed {
		b.join(nil, i)
		return nil
	}
	start := len(b.keys)
	ok := b.appendAsker(e)
	if !ok {
		var err error
		if ok, err = b.appendKey(e, b.payloads[i]); err != nil {
			return err
		}
	}
	if !ok {
		b.batch.Filtered++
		return nil
	}
	if b.aside != nil && b.aside.Parked(e, b.keys[start:]) {
		b.batch.Parked++
		b.keys = b.keys[:start]
		return nil
	}
	if known := b.join(b.keys[start:len(b.keys):len(b.keys)], i); known {
		b.keys = b.keys[:start]
	}
	return nil
}

// join adds event i to the group of a key, and reports whether there was one.
func (b *Builder) join(key []byte, i int) (known bool) {
	at, known := b.groupOf[string(key)]
	if !known {
		at = len(b.groups)
		b.groupOf[string(key)] = at
		g := group{key: key}
		if n := len(b.free); n > 0 {
			g.members, b.free = b.free[n-1], b.free[:n-1]
		}
		b.groups = append(b.groups, g)
		b.batch.Keys = append(b.batch.Keys, key)
	}
	b.groups[at].members = append(b.groups[at].members, i)
	return known
}

// appendKey appends the event's key to the keys: the text of a string, or a
// number, true or false as JSON has it. An event without the key's field, or
// with null in it, belongs to no key: it is left out.
func (b *Builder) appendKey(e *event.Recorded, payload *fastjson.Value) (ok bool, err error) {
	start := len(b.keys)
	if b.keyPath == nil {
		b.keys = appendUUID(b.keys, e.Aggregate.ID)
		return true, nil
	}
	v := find(payload, b.keyPath)
	if v == nil {
		return false, nil
	}
	b.keys = v.MarshalTo(b.keys)
	switch text := b.keys[start:]; text[0] {
	case 'n':
		b.keys = b.keys[:start]
		return false, nil
	case '{', '[':
		return false, &EventError{e.Position, fmt.Sprintf("its field %q is the key, but holds no single value", strings.Join(b.keyPath, "."))}
	case '"':
		b.keys = append(b.keys[:start], unquote(text)...)
	}
	if n := len(b.keys) - start; n > MaxKeyLength {
		return false, &EventError{e.Position, fmt.Sprintf("its key is %d bytes long, at most %d are allowed", n, MaxKeyLength)}
	}
	return true, nil
}

// appendAsker appends the key that has asked, of an answer to a query of the
// pipeline's own. An empty key counts as none.
func (b *Builder) appendAsker(e *event.Recorded) (ok bool) {
	if e.Type != effect.QueryAnswered || e.Aggregate.Type != effect.QueryAnswer {
		return false
	}
	var answer struct{ Pipeline, Key string }
	if err := json.Unmarshal(e.Data, &answer); err != nil || answer.Key == "" || len(answer.Key) > MaxKeyLength {
		return false
	}
	if b.pipeline != "" && answer.Pipeline != b.pipeline {
		return false
	}
	b.keys = append(b.keys, answer.Key...)
	return true
}

func appendUUID(dst []byte, id uuid.UUID) []byte {
	text, _ := id.MarshalText() // never fails
	return append(dst, text...)
}

func (b *Builder) begin(g *group, prior Lookup) {
	if !b.keyed {
		b.writer.BeginUnkeyed()
		return
	}
	state, ok := prior(g.key)
	b.writer.BeginGroup(g.key, state, ok)
}

func (b *Builder) write(e *event.Recorded, payload *fastjson.Value) {
	b.scratch = b.scratch[:0]
	for i, f := range b.fields {
		b.slots[i], b.scratch = f.slot(payload, b.scratch)
	}
	b.writer.AddEvent(&frame.Event{
		Position:      uint64(e.Position),
		Version:       uint64(e.Version),
		Time:          e.Time.UnixNano(),
		ID:            e.ID,
		AggregateID:   e.Aggregate.ID,
		CorrelationID: e.CorrelationID,
		CausationID:   e.CausationID.UUID,
		HasCausation:  e.CausationID.Valid,
		Type:          e.Type,
		AggregateType: e.Aggregate.Type,
		SchemaVersion: max(e.SchemaVersion, 1),
		Data:          e.Data,
		Metadata:      e.Metadata,
		Slots:         b.slots,
	})
	b.batch.Events = append(b.batch.Events, e)
}
