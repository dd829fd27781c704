package refold

import (
	"errors"
	"time"

	"github.com/refold-dev/refold/sdk/frame"
)

// Field is a payload field that the host decodes. Declare fields as package
// variables.
type Field[T any] struct {
	index int
	read  func(frame.Slot) (T, bool)
}

// Of returns the field's value, or the zero T where it is absent, null or of
// another kind.
func (f Field[T]) Of(e Event) T {
	v, _ := f.Get(e)
	return v
}

// Get returns the field's value; ok is false where it is absent, null or of
// another kind.
func (f Field[T]) Get(e Event) (v T, ok bool) { return f.read(e.view.Slot(f.index)) }

// Need returns the field's value, or an error that names the field and says what is
// there instead.
func (f Field[T]) Need(e Event) (T, error) {
	v, ok := f.Get(e)
	if !ok {
		return v, f.lacking(e)
	}
	return v, nil
}

// kinds are what slots hold, by kind, for people.
var kinds = [...]string{"missing", "bool", "i64", "f64", "string", "bytes", "uuid", "time", "an object or array"}

func (f Field[T]) lacking(e Event) error {
	want, kind := guest.fields[f.index], min(int(f.Slot(e).Kind), len(kinds)-1)
	return errors.New("the field " + want.path + " is " + kinds[kind] + ", not " + want.kind)
}

// Slot returns the field as the host decoded it, whatever its kind. Its bytes
// are valid until Fold returns.
func (f Field[T]) Slot(e Event) frame.Slot { return e.view.Slot(f.index) }

// StringField declares a field of JSON strings. The path is the field's name;
// a dot descends into an object.
func StringField(path string) Field[string] {
	return declare(path, "string", func(s frame.Slot) (string, bool) {
		if s.Kind != frame.String {
			return "", false
		}
		b, _ := s.Bytes()
		return intern(b), true
	})
}

// IntField declares a field of integers. A number that is none, or does not fit
// 64 bits, is of another kind.
func IntField(path string) Field[int64] { return declare(path, "i64", frame.Slot.Int64) }

// FloatField declares a field of numbers.
func FloatField(path string) Field[float64] { return declare(path, "f64", frame.Slot.Float64) }

// BoolField declares a field of true and false.
func BoolField(path string) Field[bool] { return declare(path, "bool", frame.Slot.Bool) }

// BytesField declares a field of bytes in base64. The value is valid until Fold
// returns.
func BytesField(path string) Field[[]byte] {
	return declare(path, "bytes", func(s frame.Slot) ([]byte, bool) {
		if s.Kind != frame.Bytes {
			return nil, false
		}
		return s.Bytes()
	})
}

// UUIDField declares a field of UUIDs in their 36-character form.
func UUIDField(path string) Field[UUID] {
	return declare(path, "uuid", func(s frame.Slot) (id UUID, ok bool) {
		if s.Kind != frame.UUID {
			return id, false
		}
		b, _ := s.Bytes()
		return UUID(b), true
	})
}

// TimeField declares a field of RFC 3339 times. The value is in UTC.
func TimeField(path string) Field[time.Time] {
	return declare(path, "time", func(s frame.Slot) (time.Time, bool) {
		ns, ok := s.Time()
		if !ok {
			return time.Time{}, false
		}
		return time.Unix(0, ns).UTC(), true
	})
}

func declare[T any](path, kind string, read func(frame.Slot) (T, bool)) Field[T] {
	for i, f := range guest.fields {
		if f.path != path {
			continue
		}
		if f.kind != kind {
			panic("refold: field " + path + " is declared as " + f.kind + " and as " + kind)
		}
		return Field[T]{i, read}
	}
	guest.fields = append(guest.fields, field{path, kind})
	return Field[T]{len(guest.fields) - 1, read}
}
