package event

import (
	"bytes"
	"fmt"
)

// Difference says how an event that was read at a position differs from the one
// that was there before, in words that follow "at position n"; it is empty if
// they are equal. Schema versions 0 and 1 are the same.
func Difference(was, is *Recorded) string {
	if was.ID != is.ID {
		return fmt.Sprintf("it has event %s, which was %s", is.ID, was.ID)
	}
	for _, field := range []struct {
		name string
		same bool
	}{
		{"position", was.Position == is.Position},
		{"version", was.Version == is.Version},
		{"aggregate", was.Aggregate == is.Aggregate},
		{"type", was.Type == is.Type},
		{"schema version", max(was.SchemaVersion, 1) == max(is.SchemaVersion, 1)},
		{"time", was.Time.Equal(is.Time)},
		{"correlation id", was.CorrelationID == is.CorrelationID},
		{"causation id", was.CausationID == is.CausationID},
		{"data", bytes.Equal(was.Data, is.Data)},
		{"metadata", bytes.Equal(was.Metadata, is.Metadata)},
	} {
		if !field.same {
			return fmt.Sprintf("it has another %s of event %s", field.name, is.ID)
		}
	}
	return ""
}
