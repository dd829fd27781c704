package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// jsonEvent is the JSON form of an event: one line of an import or export file.
type jsonEvent struct {
	ID            *string         `json:"id"`
	AggregateType *string         `json:"aggregate_type"`
	AggregateID   *string         `json:"aggregate_id"`
	Stream        *string         `json:"stream"`
	Type          *string         `json:"type"`
	SchemaVersion *uint32         `json:"schema_version"`
	Time          *string         `json:"time"`
	CorrelationID *string         `json:"correlation_id"`
	CausationID   *string         `json:"causation_id"`
	Data          json.RawMessage `json:"data"`
	Metadata      json.RawMessage `json:"metadata"`
}

// ParseJSON reads an event from its JSON form and validates it. Unknown fields
// are refused, so that nothing of the input is lost unseen. The error is a
// *FieldError where one field is to blame. The event keeps no reference to
// line.
func ParseJSON(line []byte) (Event, error) {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	var in jsonEvent
	if err := dec.Decode(&in); err != nil {
		return Event{}, explainJSON(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Event{}, fmt.Errorf("more than one JSON value on the line, at byte %d", dec.InputOffset())
	}
	e, err := in.event()
	if err != nil {
		return Event{}, err
	}
	return e, e.Validate()
}

func (in *jsonEvent) event() (Event, error) {
	var p fieldParser
	e := Event{
		ID:            p.uuid("id", in.ID),
		Type:          p.text("type", in.Type),
		SchemaVersion: 1,
		Time:          p.time("time", in.Time),
		CorrelationID: p.uuid("correlation_id", in.CorrelationID),
		Data:          in.Data,
	}
	if in.SchemaVersion != nil {
		e.SchemaVersion = *in.SchemaVersion
		if e.SchemaVersion == 0 {
			p.fail("schema_version", "must be 1 or more")
		}
	}
	if in.CausationID != nil {
		e.CausationID = uuid.NullUUID{UUID: p.uuid("causation_id", in.CausationID), Valid: true}
	}
	if in.Data == nil {
		p.fail("data", "is missing")
	}
	if !bytes.Equal(in.Metadata, []byte("null")) {
		e.Metadata = in.Metadata
	}
	in.aggregate(&p, &e)
	return e, p.err
}

// aggregate reads what the event is about: type and id, or the name of a stream.
func (in *jsonEvent) aggregate(p *fieldParser, e *Event) {
	switch {
	case in.Stream == nil:
		e.Aggregate = Aggregate{Type: p.text("aggregate_type", in.AggregateType), ID: p.uuid("aggregate_id", in.AggregateID)}
	case in.AggregateType != nil || in.AggregateID != nil:
		p.fail("stream", "stands in place of aggregate_type and aggregate_id; give it or them")
	default:
		stream, err := ParseStream(*in.Stream)
		if err != nil {
			p.fail("stream", err.Error())
			return
		}
		e.Aggregate = stream.Aggregate
		if e.Metadata, err = stream.Metadata(e.Metadata); err != nil && p.err == nil {
			p.err = err
		}
	}
}

// fieldParser reads required fields and keeps the first error.
type fieldParser struct{ err error }

func (p *fieldParser) fail(field, reason string) {
	if p.err == nil {
		p.err = &FieldError{field, reason}
	}
}

func (p *fieldParser) text(field string, s *string) string {
	if s == nil {
		p.fail(field, "is missing")
		return ""
	}
	return *s
}

func (p *fieldParser) uuid(field string, s *string) uuid.UUID {
	if s == nil {
		p.fail(field, "is missing")
		return uuid.Nil
	}
	id, err := uuid.Parse(*s)
	if err != nil || len(*s) != 36 {
		p.fail(field, fmt.Sprintf("%q is not a UUID in its 36-character form", *s))
	}
	return id
}

func (p *fieldParser) time(field string, s *string) time.Time {
	if s == nil {
		p.fail(field, "is missing")
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, *s)
	if err != nil {
		p.fail(field, fmt.Sprintf("%q is not an RFC 3339 time, such as 2026-01-31T09:30:00Z", *s))
	}
	return t.UTC()
}

// explainJSON rewords an encoding/json error for somebody who wrote the line
// and has never heard of Go.
func explainJSON(err error) error {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field == "":
		return fmt.Errorf("must be a JSON object, not a %s", wrongType.Value)
	case errors.As(err, &wrongType):
		return &FieldError{wrongType.Field, fmt.Sprintf("must not be a JSON %s", wrongType.Value)}
	case errors.As(err, &syntax):
		return fmt.Errorf("not valid JSON at byte %d: %w", syntax.Offset, syntax)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("the JSON ends too early")
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return &FieldError{strings.Trim(name, `"`), "is not a field of an event; what is extra belongs into metadata"}
	}
	return err
}

// AppendJSON appends the event's JSON form to dst, without a line feed.
// ParseJSON reads it back.
func AppendJSON(dst []byte, e *Event) []byte {
	dst = append(dst, `{"id":"`...)
	dst = appendUUID(dst, e.ID)
	dst = append(dst, `","aggregate_type":"`...)
	dst = append(dst, e.Aggregate.Type...) // snake_case: needs no escape
	dst = append(dst, `","aggregate_id":"`...)
	dst = appendUUID(dst, e.Aggregate.ID)
	dst = append(dst, `","type":"`...)
	dst = append(dst, e.Type...)
	dst = append(dst, `","schema_version":`...)
	dst = strconv.AppendUint(dst, uint64(max(e.SchemaVersion, 1)), 10)
	dst = append(dst, `,"time":"`...)
	dst = e.Time.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","correlation_id":"`...)
	dst = appendUUID(dst, e.CorrelationID)
	if e.CausationID.Valid {
		dst = append(dst, `","causation_id":"`...)
		dst = appendUUID(dst, e.CausationID.UUID)
		dst = append(dst, '"')
	} else {
		dst = append(dst, `","causation_id":null`...)
	}
	dst = append(dst, `,"data":`...)
	dst = AppendOneLine(dst, e.Data)
	if e.Metadata != nil {
		dst = append(dst, `,"metadata":`...)
		dst = AppendOneLine(dst, e.Metadata)
	}
	return append(dst, '}')
}

// OneLine copies raw as a log keeps it: on one line, as AppendJSON writes it.
func OneLine(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return nil
	}
	return AppendOneLine(make([]byte, 0, len(raw)), raw)
}

// AppendOneLine appends raw to dst on one line: JSON text may hold line feeds
// between its tokens, a line of JSON Lines may not. What is no JSON is appended as
// it is.
func AppendOneLine(dst []byte, raw json.RawMessage) []byte {
	if bytes.IndexByte(raw, '\n') < 0 && bytes.IndexByte(raw, '\r') < 0 {
		return append(dst, raw...)
	}
	buf := bytes.NewBuffer(dst)
	if err := json.Compact(buf, raw); err != nil {
		return append(dst, raw...) // not JSON: Validate refuses such an event
	}
	return buf.Bytes()
}

func appendUUID(dst []byte, id uuid.UUID) []byte {
	text, _ := id.MarshalText() // never fails
	return append(dst, text...)
}
