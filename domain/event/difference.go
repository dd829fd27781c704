package event

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Difference says how an event that was read at a position differs from the one
// that was there before, in words that follow "at position n"; it is empty if
// they are equal. Schema versions 0 and 1 are the same.
func Difference(was, is *Recorded) string {
	if was.ID != is.ID {
		return fmt.Sprintf("it has event %s, which was %s", is.ID, was.ID)
	}
	field := ""
	switch {
	case was.Position != is.Position:
		field = "position"
	case was.Version != is.Version:
		field = "version"
	default:
		field = differs(&was.Event, &is.Event, bytes.Equal, bytes.Equal)
	}
	if field == "" {
		return ""
	}
	return fmt.Sprintf("it has another %s of event %s", field, is.ID)
}

// Differs names the first field in which two events of one id differ, such as
// "data" or "causation id"; it is empty if they state the same fact. White space
// between the tokens of JSON is none of it, since a log need not keep that; nor is the
// trace that one was appended in.
func Differs(a, b *Event) (field string) { return differs(a, b, sameJSON, sameMetadata) }

func differs(a, b *Event, sameData, sameMetadata func(a, b []byte) bool) string {
	switch {
	case a.Aggregate != b.Aggregate:
		return "aggregate"
	case a.Type != b.Type:
		return "type"
	case max(a.SchemaVersion, 1) != max(b.SchemaVersion, 1):
		return "schema version"
	case !a.Time.Equal(b.Time):
		return "time"
	case a.CorrelationID != b.CorrelationID:
		return "correlation id"
	case a.CausationID.Valid != b.CausationID.Valid, a.CausationID.Valid && a.CausationID.UUID != b.CausationID.UUID:
		return "causation id"
	case !sameData(a.Data, b.Data):
		return "data"
	case !sameMetadata(a.Metadata, b.Metadata):
		return "metadata"
	}
	return ""
}

func sameJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}
