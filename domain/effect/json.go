package effect

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// ID is the identity of an effect of the batch.
func (b *Batch) ID(f *Effect) uuid.UUID { return ID(b.Pipeline, b.Generation, f.Cause, f.Ordinal) }

// AppendJSON appends an effect of the batch in its JSON form, as it is told to
// others: one object on one line, without a line feed. The members are id,
// pipeline, generation, position, ordinal; causation_id, correlation_id and time
// of the causing event; kind, and of level, name, key, message (of a Log) and body
// those that the effect has. It is an error, and the effect one that can never be
// told, if a text is not UTF-8, or a body is no JSON object.
func AppendJSON(dst []byte, b *Batch, f *Effect) ([]byte, error) {
	dst = append(dst, `{"id":"`...)
	dst = appendUUID(dst, b.ID(f))
	dst = append(dst, `","pipeline":`...)
	dst = appendString(dst, b.Pipeline)
	dst = append(dst, `,"generation":`...)
	dst = strconv.AppendUint(dst, b.Generation, 10)
	dst = append(dst, `,"position":`...)
	dst = strconv.AppendUint(dst, uint64(f.Cause), 10)
	dst = append(dst, `,"ordinal":`...)
	dst = strconv.AppendUint(dst, uint64(f.Ordinal), 10)
	dst = append(dst, `,"causation_id":"`...)
	dst = appendUUID(dst, f.CauseID)
	dst = append(dst, `","correlation_id":"`...)
	dst = appendUUID(dst, f.CorrelationID)
	dst = append(dst, `","time":"`...)
	dst = f.CauseTime.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","kind":"`...)
	dst = append(dst, f.Kind.String()...)
	dst = append(dst, '"')
	dst, err := appendContent(dst, f)
	return append(dst, '}'), err
}

// appendContent appends the members that not every effect has.
func appendContent(dst []byte, f *Effect) ([]byte, error) {
	if f.Kind == Log {
		dst = append(dst, `,"level":"`...)
		dst = append(dst, f.Level.String()...)
		dst = append(dst, `","message":`...)
		return appendString(dst, string(f.Body)), nil
	}
	if err := f.Validate(); err != nil {
		return dst, err
	}
	for _, text := range []struct{ what, value string }{{"name", f.Name}, {"key", f.Key}} {
		if text.value == "" {
			continue
		}
		dst = append(append(append(dst, `,"`...), text.what...), `":`...)
		dst = appendString(dst, text.value)
	}
	if f.Kind == Delete && len(f.Body) == 0 {
		return dst, nil
	}
	dst = append(dst, `,"body":`...)
	return event.AppendOneLine(dst, f.Body), nil
}

// Validate reports why the effect is one that no executor can perform: a text is not
// UTF-8, or a body is no JSON object. A Log takes any text.
func (f *Effect) Validate() error {
	switch {
	case f.Kind == Log:
		return nil
	case !utf8.ValidString(f.Name):
		return errors.New("its name is not valid UTF-8")
	case !utf8.ValidString(f.Key):
		return errors.New("its key is not valid UTF-8")
	case f.Kind == Delete && len(f.Body) == 0:
		return nil
	}
	if err := event.ValidateObject(f.Body); err != nil {
		return fmt.Errorf("its body %w", err)
	}
	return nil
}

func appendUUID(dst []byte, id uuid.UUID) []byte {
	text, _ := id.MarshalText() // never fails
	return append(dst, text...)
}

// appendString appends a text as a JSON string. What needs no escape, which is
// most, is copied.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, _ := json.Marshal(s) // a string never fails
			return append(dst, quoted...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}
