package plugintest

import (
	"bytes"
	"strconv"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/runtime/projection"
)

// Counterexample is a log that shows that a projection breaks a law.
type Counterexample struct {
	Name   string
	Breach string // becomes a comment
	Log    projection.Log
	// Repeat is the number of events that memory grows over; 0 for other laws.
	Repeat int
}

// Write makes a file with a case for each counterexample, which fails for as long
// as the law is broken, and expects nothing else. All that the file says beside its
// cases is what s says.
func Write(s Suite, list []Counterexample) []byte {
	cases := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range list {
		cases.Content = append(cases.Content, list[i].node())
	}
	root := &yaml.Node{Kind: yaml.MappingNode}
	add := func(key string, value *yaml.Node) { root.Content = append(root.Content, textNode(key), value) }
	add("module", textNode(s.Module))
	if s.Key != "" {
		add("key", textNode(s.Key))
	}
	if s.FuelPerEvent > 0 {
		add("fuel_per_event", scalar(strconv.FormatInt(s.FuelPerEvent, 10)))
	}
	add("cases", cases)
	return []byte(lines(root))
}

func (c *Counterexample) node() *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	add := func(key string, value *yaml.Node) { n.Content = append(n.Content, textNode(key), value) }
	add("name", textNode(c.Name))
	n.HeadComment = c.Breach
	when := &yaml.Node{Kind: yaml.SequenceNode}
	var s events
	for i := range c.Log.Events {
		when.Content = append(when.Content, s.node(&c.Log.Events[i]))
	}
	add("when", when)
	if sizes := c.Log.Sizes(); len(sizes) > 1 {
		batches := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, size := range sizes {
			batches.Content = append(batches.Content, scalar(strconv.Itoa(size)))
		}
		add("batches", batches)
	}
	if c.Repeat > 0 {
		add("repeat", scalar(strconv.Itoa(c.Repeat)))
	}
	return n
}

// node is the shortest form of an event: what would be the same without being
// given is left out.
func (s *events) node(e *event.Recorded) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	add := func(key string, value *yaml.Node) { n.Content = append(n.Content, textNode(key), value) }
	add("type", textNode(e.Type))
	short := Event{Type: e.Type, AggregateType: e.Aggregate.Type, AggregateID: e.Aggregate.ID.String()}
	if number, err := strconv.Atoi(short.AggregateID[24:]); err == nil && number > 0 && numbered(4, number) == e.Aggregate.ID {
		short.Aggregate, short.AggregateID = number, ""
	}
	if e.Aggregate.Type != defaultAggregateType {
		add("aggregate_type", textNode(e.Aggregate.Type))
	}
	if short.Aggregate > 1 {
		add("aggregate", scalar(strconv.Itoa(short.Aggregate)))
	}
	if short.AggregateID != "" {
		add("aggregate_id", textNode(short.AggregateID))
	}
	usual := s.add(&short)
	s.position, s.versions[e.Aggregate] = e.Position, e.Version
	if usual.Position != e.Position {
		add("position", scalar(strconv.FormatUint(uint64(e.Position), 10)))
	}
	if usual.Version != e.Version {
		add("version", scalar(strconv.FormatUint(uint64(e.Version), 10)))
	}
	addEnvelope(add, e, &usual)
	if !bytes.Equal(e.Data, []byte("{}")) {
		data := node(e.Data)
		data.Style = yaml.FlowStyle
		add("data", data)
	}
	return n
}

func addEnvelope(add func(string, *yaml.Node), e, usual *event.Recorded) {
	if e.ID != usual.ID {
		add("id", textNode(e.ID.String()))
	}
	if !e.Time.Equal(usual.Time) {
		add("time", textNode(e.Time.UTC().Format(time.RFC3339Nano)))
	}
	if e.SchemaVersion > 1 {
		add("schema_version", scalar(strconv.FormatUint(uint64(e.SchemaVersion), 10)))
	}
	if e.CorrelationID != usual.CorrelationID {
		add("correlation_id", textNode(e.CorrelationID.String()))
	}
	if e.CausationID.Valid {
		add("causation_id", textNode(e.CausationID.UUID.String()))
	}
	if e.Metadata != nil {
		metadata := node(e.Metadata)
		metadata.Style = yaml.FlowStyle
		add("metadata", metadata)
	}
}
