package rows

import (
	"slices"
	"strings"
)

// Type is a column's type, in words that mean the same for every database.
type Type string

// The column types, how effects write their values in JSON, and the Go value in a
// row. Every column may be null except those of the primary key.
const (
	// Text is a JSON string; a string.
	Text Type = "text"
	// Integer is a JSON number without fraction and exponent within 64 signed
	// bits; an int64, exact.
	Integer Type = "integer"
	// Real is a JSON number; a float64, the nearest. There is one zero.
	Real Type = "real"
	// Boolean is true or false; what the dialect makes of it.
	Boolean Type = "boolean"
	// Blob is a JSON string in standard base64 with padding; a []byte.
	Blob Type = "blob"
	// JSON is any JSON value but null; a string without insignificant space,
	// numbers as written.
	JSON Type = "json"
	// Time is a JSON string in RFC 3339, in UTC within the years 0 to 9999; what
	// the dialect makes of it.
	Time Type = "time"
)

// Types are all column types.
func Types() []Type {
	return []Type{Text, Integer, Real, Boolean, Blob, JSON, Time}
}

func typeNames() string {
	var names []string
	for _, t := range Types() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

func (t Type) known() bool { return slices.Contains(Types(), t) }

// identifies reports whether the type may be part of a primary key: its values
// have one written form each, so that equal keys are equal rows.
func (t Type) identifies() bool { return t != Real && t != JSON }
