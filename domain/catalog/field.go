package catalog

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Field declares one top-level field of a payload.
type Field struct {
	Name     string
	Type     FieldType // "" is read as AnyType
	Presence Presence
}

// Presence says whether a field has to be there.
type Presence uint8

// The presences.
const (
	Required  Presence = iota // there, and null only if its type is AnyType
	Optional                  // absent, null, or of its type
	Forbidden                 // absent
)

// FieldType is what a field's value can be.
type FieldType string

// The field types.
const (
	AnyType     FieldType = "any"
	StringType  FieldType = "string"
	IntegerType FieldType = "integer" // a number without fraction and exponent, of any size
	NumberType  FieldType = "number"
	BooleanType FieldType = "boolean"
	ArrayType   FieldType = "array"
	ObjectType  FieldType = "object"
	UUIDType    FieldType = "uuid" // a string in the 36-character form
	TimeType    FieldType = "time" // a string in RFC 3339
)

// FieldTypes lists all field types.
func FieldTypes() []FieldType {
	return []FieldType{AnyType, StringType, IntegerType, NumberType, BooleanType, ArrayType, ObjectType, UUIDType, TimeType}
}

// maxFieldName bounds a field's name and a path, in bytes.
const maxFieldName = 512

// fields checks declared fields and returns them sorted by name.
func (r *report) fields(fields []Field) []Field {
	defer func() { r.at.Field = none }()
	sorted := slices.Clone(fields)
	for i := range sorted {
		f := &sorted[i]
		r.at.Field = i
		if f.Type == "" {
			f.Type = AnyType
		}
		switch {
		case f.Name == "" || len(f.Name) > maxFieldName:
			r.failf("fields", "a field's name has 1 to %d bytes, not %d", maxFieldName, len(f.Name))
		case slices.ContainsFunc(fields[:i], func(o Field) bool { return o.Name == f.Name }):
			r.failf("fields", "field %q is declared twice", f.Name)
		}
		if !slices.Contains(FieldTypes(), f.Type) {
			r.failf("fields", "field %q has the unknown type %q", f.Name, f.Type)
		}
		if f.Presence > Forbidden {
			r.failf("fields", "field %q has the unknown presence %d", f.Name, f.Presence)
		}
	}
	slices.SortFunc(sorted, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return sorted
}

// checkFields reports the first declared field that a payload does not keep to.
func checkFields(fields []Field, o *Object) error {
	for i := range fields {
		f := &fields[i]
		value, there := o.Get(f.Name)
		switch {
		case f.Presence == Forbidden && there:
			return &InvalidFieldError{f.Name, "must not be there any more"}
		case f.Presence == Required && !there:
			return &MissingFieldError{f.Name}
		case !there || f.Presence == Optional && isNull(value):
			continue
		case !f.Type.fits(value):
			return &InvalidFieldError{f.Name, "must be " + f.Type.phrase() + ", not " + excerpt(value)}
		}
	}
	return nil
}

// fits reports whether a JSON value is of the type.
func (t FieldType) fits(value json.RawMessage) bool {
	first := value[0]
	switch t {
	case StringType:
		return first == '"'
	case IntegerType:
		return isNumber(first) && !bytes.ContainsAny(value, ".eE")
	case NumberType:
		return isNumber(first)
	case BooleanType:
		return first == 't' || first == 'f'
	case ArrayType:
		return first == '['
	case ObjectType:
		return first == '{'
	case UUIDType:
		text, ok := textOf(value)
		return ok && len(text) == 36 && uuid.Validate(text) == nil
	case TimeType:
		text, ok := textOf(value)
		_, err := time.Parse(time.RFC3339, text)
		return ok && err == nil
	}
	return true
}

func (t FieldType) phrase() string {
	switch t {
	case IntegerType, ArrayType, ObjectType:
		return "an " + string(t)
	case UUIDType:
		return "a UUID in its 36-character form"
	case TimeType:
		return "an RFC 3339 time"
	}
	return "a " + string(t)
}

func isNumber(first byte) bool { return first == '-' || first >= '0' && first <= '9' }

func isNull(value json.RawMessage) bool { return string(value) == "null" }

// textOf returns what a JSON string says; ok is false for other values.
func textOf(value json.RawMessage) (text string, ok bool) {
	if value[0] != '"' {
		return "", false
	}
	err := json.Unmarshal(value, &text)
	return text, err == nil
}

// excerpt is a value as an error quotes it.
func excerpt(value json.RawMessage) string {
	const limit = 60
	if len(value) <= limit {
		return strings.ToValidUTF8(string(value), "\uFFFD")
	}
	return strings.ToValidUTF8(string(value[:limit]), "") + "…"
}
