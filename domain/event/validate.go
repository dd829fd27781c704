package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/jsontext"
)

// MaxTypeLength bounds an event type's and an aggregate type's name, in bytes.
const MaxTypeLength = 128

// The times an event can carry: what 64 bits of Unix nanoseconds hold, with
// whole years at both ends.
var (
	minTime = time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC)
	maxTime = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)
)

// FieldError is an event field that breaks a rule.
type FieldError struct {
	Field  string // as in the JSON form, such as "aggregate_id"
	Reason string // what is wrong and what is expected
}

func (e *FieldError) Error() string { return fmt.Sprintf("field %q: %s", e.Field, e.Reason) }

// Validate reports the first rule that the event breaks, as a *FieldError.
// Data is checked to be one JSON object, in full.
func (e *Event) Validate() error {
	if e.ID == uuid.Nil {
		return &FieldError{"id", "must be a UUID other than the nil UUID"}
	}
	if e.Aggregate.ID == uuid.Nil {
		return &FieldError{"aggregate_id", "must be a UUID other than the nil UUID"}
	}
	if e.CorrelationID == uuid.Nil {
		return &FieldError{"correlation_id", "must be a UUID other than the nil UUID"}
	}
	if err := ValidateTypeName(e.Aggregate.Type); err != nil {
		return &FieldError{"aggregate_type", err.Error()}
	}
	if err := ValidateTypeName(e.Type); err != nil {
		return &FieldError{"type", err.Error()}
	}
	if e.Time.Before(minTime) || !e.Time.Before(maxTime) {
		return &FieldError{"time", "must lie between the years 1678 and 2261"}
	}
	if err := ValidateObject(e.Data); err != nil {
		return &FieldError{"data", err.Error()}
	}
	if e.Metadata != nil {
		if err := ValidateObject(e.Metadata); err != nil {
			return &FieldError{"metadata", err.Error()}
		}
	}
	return nil
}

// ValidateTypeName checks an event type's or an aggregate type's name: 1 to
// MaxTypeLength of a-z, 0-9 and "_", not starting with a digit.
func ValidateTypeName(name string) error {
	if name == "" {
		return fmt.Errorf("must not be empty")
	}
	if len(name) > MaxTypeLength {
		return fmt.Errorf("is %d bytes long, at most %d are allowed", len(name), MaxTypeLength)
	}
	for i, c := range []byte(name) {
		lower := c >= 'a' && c <= 'z' || c == '_'
		digit := c >= '0' && c <= '9'
		if !lower && (!digit || i == 0) {
			return fmt.Errorf("%q must be snake_case: a-z, 0-9 and _, not starting with a digit%s", name, snakeHint(name))
		}
	}
	return nil
}

// snakeHint proposes the snake_case spelling of a name.
func snakeHint(name string) string {
	if s := snakeCase(strings.ReplaceAll(name, " ", "_")); s != name && ValidateTypeName(s) == nil {
		return fmt.Sprintf(" (did you mean %q?)", s)
	}
	return ""
}

// ValidateObject checks that raw is one JSON object in UTF-8.
func ValidateObject(raw json.RawMessage) error {
	trimmed := bytes.Trim(raw, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '{' {
		return fmt.Errorf("must be a JSON object")
	}
	if jsontext.Scan(trimmed) != len(trimmed) && !json.Valid(raw) { // what nests too deep for the first one is seldom
		return fmt.Errorf("is not valid JSON")
	}
	if !utf8.Valid(raw) { // which encoding/json lets pass (RFC 8259, section 8.1)
		return fmt.Errorf("is not valid UTF-8")
	}
	return nil
}
