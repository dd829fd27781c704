package refoldtest

import (
	"encoding/json"
	"slices"

	"github.com/refold-dev/refold/sdk/frame"
	refold "github.com/refold-dev/refold/sdk/go"
	"github.com/refold-dev/refold/sdk/manifest"
)

// group is the events of one key, in their order.
type group struct {
	key    string
	events []frame.Event
}

// batch groups the wanted events by key, in the order of the keys' first events.
func (p *Projection) batch(events []Event) []group {
	p.t.Helper()
	groups, index := []group{}, map[string]int{}
	for _, e := range events {
		p.position++
		p.versions[e.AggregateID]++
		if len(p.manifest.Events) > 0 && !slices.Contains(p.manifest.Events, e.Type) {
			continue
		}
		key, event, ok := p.event(e)
		if !ok {
			continue
		}
		i, known := index[key]
		if !known {
			i = len(groups)
			index[key] = i
			groups = append(groups, group{key: key})
		}
		groups[i].events = append(groups[i].events, event)
	}
	return groups
}

// event returns the event as a frame has it, and its key; ok is false if it has
// no key to be folded by.
func (p *Projection) event(e Event) (key string, out frame.Event, ok bool) {
	p.t.Helper()
	out = frame.Event{
		Position: p.position, Version: p.versions[e.AggregateID], SchemaVersion: max(e.SchemaVersion, 1),
		ID: e.ID, AggregateID: e.AggregateID, CorrelationID: e.CorrelationID,
		Type: e.Type, AggregateType: e.AggregateType,
		Data: []byte(e.Data),
	}
	if !e.Time.IsZero() {
		out.Time = e.Time.UnixNano()
	}
	if e.Data == "" {
		out.Data = []byte("{}")
	}
	if e.Metadata != "" {
		out.Metadata = []byte(e.Metadata)
	}
	if e.CausationID != nil {
		out.CausationID, out.HasCausation = *e.CausationID, true
	}
	if !json.Valid(out.Data) {
		p.t.Fatalf("data of %s is no JSON: %s", e.Type, e.Data)
	}
	for _, f := range p.manifest.Fields {
		out.Slots = append(out.Slots, decodeSlot(lookUp(out.Data, f.Path), f.Type))
	}
	key, ok = p.key(e.AggregateID, out.Data)
	return key, out, ok
}

func (p *Projection) key(aggregate refold.UUID, data []byte) (key string, ok bool) {
	p.t.Helper()
	switch {
	case p.manifest.State != manifest.Keyed:
		return "", true
	case p.manifest.Key == "":
		return aggregate.String(), true
	}
	key, ok, err := keyText(lookUp(data, p.manifest.Key))
	if err != nil {
		p.t.Fatalf("field %q: %v", p.manifest.Key, err)
	}
	return key, ok
}

// write builds the frame and returns it with the positions of its events.
func (p *Projection) write(groups []group) (text []byte, positions []uint64) {
	p.t.Helper()
	w := &p.writer
	w.Reset(p.manifest.Events, len(p.manifest.Fields))
	for _, g := range groups {
		if p.manifest.State == manifest.Keyed {
			state, ok := p.states[g.key]
			w.BeginGroup([]byte(g.key), state, ok)
		} else {
			w.BeginUnkeyed()
		}
		for i := range g.events {
			w.AddEvent(&g.events[i])
			positions = append(positions, g.events[i].Position)
		}
	}
	text, err := w.Finish()
	if err != nil {
		p.t.Fatal(err)
	}
	return text, positions
}
