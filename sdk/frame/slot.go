package frame

import "math"

// Kind is the type of a slot's value.
type Kind uint32

// The kinds of slot. A payload field that is absent or null is Null. A value
// that does not fit the type its manifest asks for keeps the kind it has in
// JSON (Bool, Int64, Float64, String or JSON).
const (
	Null    Kind = 0
	Bool    Kind = 1
	Int64   Kind = 2
	Float64 Kind = 3
	String  Kind = 4 // UTF-8
	Bytes   Kind = 5 // decoded from base64
	UUID    Kind = 6 // 16 bytes
	Time    Kind = 7 // i64, Unix nanoseconds
	JSON    Kind = 8 // an object or array, as JSON text
)

// Slot is a payload field that the host has decoded.
type Slot struct {
	Kind Kind
	bits uint64
	ref  []byte
}

// BoolSlot returns a Bool slot.
func BoolSlot(v bool) Slot {
	if v {
		return Slot{Kind: Bool, bits: 1}
	}
	return Slot{Kind: Bool}
}

// IntSlot returns an Int64 slot.
func IntSlot(v int64) Slot { return Slot{Kind: Int64, bits: uint64(v)} }

// FloatSlot returns a Float64 slot.
func FloatSlot(v float64) Slot { return Slot{Kind: Float64, bits: math.Float64bits(v)} }

// TimeSlot returns a Time slot of Unix nanoseconds.
func TimeSlot(unixNano int64) Slot { return Slot{Kind: Time, bits: uint64(unixNano)} }

// BytesSlot returns a slot of a kind that refers to bytes: String, Bytes, UUID
// or JSON.
func BytesSlot(kind Kind, v []byte) Slot { return Slot{Kind: kind, ref: v} }

// IsNull reports whether the field is absent or null.
func (s Slot) IsNull() bool { return s.Kind == Null }

// Bool returns the value of a Bool slot; ok is false for any other kind.
func (s Slot) Bool() (v, ok bool) { return s.Kind == Bool && s.bits != 0, s.Kind == Bool }

// Int64 returns the value of an Int64 slot; ok is false for any other kind.
func (s Slot) Int64() (v int64, ok bool) {
	if s.Kind != Int64 {
		return 0, false
	}
	return int64(s.bits), true
}

// Float64 returns the value of a Float64 or Int64 slot as a float64.
func (s Slot) Float64() (v float64, ok bool) {
	switch s.Kind {
	case Float64:
		return math.Float64frombits(s.bits), true
	case Int64:
		return float64(int64(s.bits)), true
	}
	return 0, false
}

// Time returns the value of a Time slot in Unix nanoseconds.
func (s Slot) Time() (unixNano int64, ok bool) {
	if s.Kind != Time {
		return 0, false
	}
	return int64(s.bits), true
}

// Bytes returns the bytes of a String, Bytes, UUID or JSON slot, which alias
// the frame.
func (s Slot) Bytes() (v []byte, ok bool) { return s.ref, s.Kind.refers() }

func (k Kind) refers() bool { return k == String || k == Bytes || k == UUID || k == JSON }
