package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// MaxStreamLength bounds the name of a stream, in bytes.
const MaxStreamLength = 1024

// streams is the namespace of aggregates' ids that are made from names of streams.
var streams = uuid.MustParse("9d7c8e0a-6d5b-4f3e-8f0b-3f1f9a2b6c54")

// Stream is the name of an event stream, as stores of elsewhere have it, and the
// aggregate that it is here.
type Stream struct {
	Name      string
	Aggregate Aggregate
}

// ParseStream reads the name of a stream: a type and, behind the first dash, an id,
// such as "shoppingCart-42". The type is brought into snake_case. What is no UUID
// behind the dash, or no dash at all, makes an id of its own from the whole name,
// a UUID of version 5.
func ParseStream(name string) (Stream, error) {
	if len(name) > MaxStreamLength || !utf8.ValidString(name) {
		return Stream{}, fmt.Errorf("the stream %.64q must be text of at most %d bytes", name, MaxStreamLength)
	}
	kind, id, _ := strings.Cut(name, "-")
	typeName, err := TypeNameOf(kind)
	if err != nil {
		return Stream{}, fmt.Errorf("the stream %.64q must begin with an aggregate's type and a dash, such as order-1: its type %w", name, err)
	}
	s := Stream{name, Aggregate{typeName, uuid.NewSHA1(streams, []byte(name))}}
	if parsed, err := uuid.Parse(id); err == nil && len(id) == 36 {
		s.Aggregate.ID = parsed
	}
	return s, nil
}

// TypeNameOf brings the name of a type as elsewhere, such as ItemAdded, item-added
// or Shop.ItemAdded, into snake_case.
func TypeNameOf(name string) (string, error) {
	if ValidateTypeName(name) == nil {
		return name, nil
	}
	if s := snakeCase(name); ValidateTypeName(s) == nil {
		return s, nil
	}
	return "", ValidateTypeName(name)
}

// snakeCase begins a word at each capital behind a small letter or a digit, and at
// the last of several capitals that a small letter follows.
func snakeCase(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '-' || c == '.':
			if i == 0 || name[i-1] != '-' && name[i-1] != '.' {
				b.WriteByte('_')
			}
		case isCapital(c):
			if i > 0 && (isSmall(name[i-1]) || isCapital(name[i-1]) && i+1 < len(name) && name[i+1] >= 'a' && name[i+1] <= 'z') {
				b.WriteByte('_')
			}
			b.WriteByte(c + 'a' - 'A')
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isCapital(c byte) bool { return c >= 'A' && c <= 'Z' }
func isSmall(c byte) bool   { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

// IsPlain reports whether type and id of the aggregate say the name again.
func (s Stream) IsPlain() bool { return s.Name == s.Aggregate.Type+"-"+s.Aggregate.ID.String() }

// Metadata are given with the stream's name as their "stream", unless it is plain:
// so a projection can tell the name. They may be nil.
func (s Stream) Metadata(given json.RawMessage) (json.RawMessage, error) {
	if s.IsPlain() {
		return given, nil
	}
	name, err := json.Marshal(s.Name)
	if err != nil {
		return nil, err
	}
	member := append([]byte(`"stream":`), name...)
	var members map[string]json.RawMessage
	if given != nil {
		if err := json.Unmarshal(given, &members); err != nil || members == nil {
			return given, nil // which Validate refuses
		}
	}
	var other string
	switch has, taken := members["stream"]; {
	case !taken && len(members) == 0:
		return append(append([]byte{'{'}, member...), '}'), nil
	case !taken:
		rest := bytes.TrimLeft(given, " \t\r\n")[1:]
		return append(append(append([]byte{'{'}, member...), ','), rest...), nil
	case json.Unmarshal(has, &other) == nil && other == s.Name:
		return given, nil
	}
	return nil, &FieldError{"metadata", fmt.Sprintf("has a member \"stream\" already, and the stream's name %.64q belongs there", s.Name)}
}
