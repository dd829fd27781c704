package sqlite

import "strings"

// Type is a column's type, in words that mean the same for every database.
type Type string

// The column types, how effects write their values in JSON, and what the file
// holds (the tables are STRICT). Every column may be null except those of the
// primary key.
const (
	// Text is a JSON string; TEXT.
	Text Type = "text"
	// Integer is a JSON number without fraction and exponent within 64 signed
	// bits; INTEGER, exact.
	Integer Type = "integer"
	// Real is a JSON number; REAL, the nearest 64-bit float.
	Real Type = "real"
	// Boolean is true or false; INTEGER 1 or 0.
	Boolean Type = "boolean"
	// Blob is a JSON string in standard base64 with padding; BLOB.
	Blob Type = "blob"
	// JSON is any JSON value but null; TEXT without insignificant space,
	// numbers as written.
	JSON Type = "json"
	// Time is a JSON string in RFC 3339; TEXT in UTC with nine fractional
	// digits (more are cut off), such as 2006-01-02T15:04:05.000000000Z, so that the order of the
	// text is that of time and SQLite's date functions read it.
	Time Type = "time"
)

func allTypes() []Type {
	return []Type{Text, Integer, Real, Boolean, Blob, JSON, Time}
}

func typeNames() string {
	var names []string
	for _, t := range allTypes() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

func (t Type) known() bool { return t.storage() != "" }

// storage is the SQLite type of the column.
func (t Type) storage() string {
	switch t {
	case Text, JSON, Time:
		return "TEXT"
	case Integer, Boolean:
		return "INTEGER"
	case Real:
		return "REAL"
	case Blob:
		return "BLOB"
	}
	return ""
}

// identifies reports whether the type may be part of a primary key: its values
// have one written form each, so that equal keys are equal rows.
func (t Type) identifies() bool { return t != Real && t != JSON }
