package plugintest

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// What an event has that its case says nothing about.
const defaultAggregateType = "thing"

var (
	defaultCorrelation = uuid.MustParse("00000000-0000-7000-9000-000000000001")
	defaultTime        = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

// numbered is a UUID that ends with a number: 4 for an aggregate's, 7 for an
// event's.
func numbered(version, n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("00000000-0000-%d000-8000-%012d", version, n))
}

// events makes a case's events, one after the other.
type events struct {
	mistakes
	position event.Position
	versions map[event.Aggregate]event.Version
}

// add makes the next event.
func (s *events) add(e *Event) event.Recorded {
	if s.versions == nil {
		s.versions = map[event.Aggregate]event.Version{}
	}
	s.place(e)
	out := event.Recorded{Position: s.position, Event: event.Event{
		Type: e.Type, SchemaVersion: 1, Time: defaultTime.Add(time.Duration(s.position) * time.Second),
		Aggregate:     event.Aggregate{Type: defaultAggregateType, ID: numbered(4, max(1, e.Aggregate))},
		CorrelationID: defaultCorrelation,
		Data:          json.RawMessage("{}"),
	}}
	out.ID = numbered(7, int(min(s.position, 999_999_999_999)))
	s.override(e, &out)
	s.versions[out.Aggregate]++
	if e.Version > 0 {
		s.versions[out.Aggregate] = event.Version(e.Version)
	}
	out.Version = s.versions[out.Aggregate]
	if err := out.Validate(); err != nil && len(s.errs) == 0 {
		s.at(e.Where(fieldOf(err)), "", "%v", err)
	}
	return out
}

// place finds the event's position.
func (s *events) place(e *Event) {
	switch {
	case e.Position == 0 && !e.Sets("position"):
		s.position++
	case e.Position <= int64(s.position):
		s.at(e.Where("position"), "", "positions ascend: behind %d there is no %d", s.position, e.Position)
	default:
		s.position = event.Position(e.Position)
	}
	if e.Version < 0 {
		s.at(e.Where("version"), "", "versions begin at 1")
	}
	if e.Aggregate < 0 || e.Aggregate > 999_999 || e.Aggregate == 0 && e.Sets("aggregate") {
		s.at(e.Where("aggregate"), "", "aggregates have the numbers from 1 to 999999")
	}
	if e.Aggregate != 0 && e.AggregateID != "" {
		s.at(e.Where("aggregate"), "remove one of the two", "the aggregate has a number and an id")
	}
	if e.Stream != "" && (e.Aggregate != 0 || e.AggregateID != "" || e.AggregateType != "") {
		s.at(e.Where("stream"), "remove one of the two", "the stream's name says the aggregate, and so do its type, number or id")
	}
}

// override takes what the case says.
func (s *events) override(e *Event, out *event.Recorded) {
	if e.AggregateType != "" {
		out.Aggregate.Type = e.AggregateType
	}
	s.id(e, "id", e.ID, &out.ID)
	s.id(e, "aggregate_id", e.AggregateID, &out.Aggregate.ID)
	s.id(e, "correlation_id", e.CorrelationID, &out.CorrelationID)
	s.id(e, "causation_id", e.CausationID, &out.CausationID.UUID)
	out.CausationID.Valid = e.CausationID != ""
	if e.Time != "" {
		t, err := time.Parse(time.RFC3339Nano, e.Time)
		if err != nil {
			s.at(e.Where("time"), "", "%q is not an RFC 3339 time, such as 2026-01-31T09:30:00Z", e.Time)
		}
		out.Time = t.UTC()
	}
	if e.SchemaVersion < 0 || e.SchemaVersion > math.MaxUint32 {
		s.at(e.Where("schema_version"), "", "schema versions begin at 1")
	} else if e.SchemaVersion > 0 {
		out.SchemaVersion = uint32(e.SchemaVersion)
	}
	if e.Data != nil {
		out.Data = json.RawMessage(e.Data)
	}
	if e.Metadata != nil {
		out.Metadata = json.RawMessage(e.Metadata)
	}
	if e.Stream != "" {
		s.stream(e, out)
	}
}

// stream takes the aggregate by the name of its stream.
func (s *events) stream(e *Event, out *event.Recorded) {
	named, err := event.ParseStream(e.Stream)
	if err == nil {
		out.Aggregate = named.Aggregate
		out.Metadata, err = named.Metadata(out.Metadata)
	}
	if err != nil {
		s.at(e.Where("stream"), "", "%v", err)
	}
}

func (s *events) id(e *Event, key, text string, to *uuid.UUID) {
	if text == "" {
		return
	}
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 {
		s.at(e.Where(key), "", "%q is not a UUID in its 36-character form", text)
		return
	}
	*to = id
}

// fieldOf is the field that an event's mistake is about.
func fieldOf(err error) string {
	if field, ok := err.(*event.FieldError); ok {
		return field.Field
	}
	return ""
}

// Envelope gives an event whatever it lacks, as that of a case: it is at a position,
// and about the aggregate with a number.
func Envelope(e event.Event, at event.Position, aggregate int) event.Event {
	s := events{position: at - 1}
	usual := s.add(&Event{Type: e.Type, Aggregate: aggregate})
	e.ID, e.Aggregate, e.CorrelationID = usual.ID, usual.Aggregate, usual.CorrelationID
	if e.Time.IsZero() {
		e.Time = usual.Time
	}
	return e
}
