package framejson

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/sdk/frame"
)

// Slot is a slot as text: a bool as true or false, an i64 or a time in decimal,
// an f64 as the 16 hexadecimal digits of its bits, bytes in hexadecimal, a UUID
// in its 36-character form, a string or JSON as it is, null as "".
type Slot struct {
	Kind  string `json:"kind"`
	Value Text   `json:"value"`
}

// kindNames are the kinds' names, by their numbers.
var kindNames = []string{"null", "bool", "i64", "f64", "string", "bytes", "uuid", "time", "json"}

// OfSlot returns a slot's description.
func OfSlot(s frame.Slot) Slot {
	out := Slot{Kind: kindNames[s.Kind], Value: Text{}}
	switch b, _ := s.Bytes(); s.Kind {
	case frame.Bool:
		v, _ := s.Bool()
		out.Value = strconv.AppendBool(out.Value, v)
	case frame.Int64:
		v, _ := s.Int64()
		out.Value = strconv.AppendInt(out.Value, v, 10)
	case frame.Time:
		v, _ := s.Time()
		out.Value = strconv.AppendInt(out.Value, v, 10)
	case frame.Float64:
		v, _ := s.Float64()
		out.Value = fmt.Appendf(out.Value, "%016x", math.Float64bits(v))
	case frame.Bytes:
		out.Value = hex.AppendEncode(out.Value, b)
	case frame.UUID:
		out.Value = append(out.Value, uuid.UUID(b).String()...)
	case frame.String, frame.JSON:
		out.Value = append(out.Value, b...)
	}
	return out
}

// slot returns the slot that s describes.
func (s Slot) slot() (frame.Slot, error) {
	text := string(s.Value)
	switch kind := frame.Kind(slices.Index(kindNames, s.Kind)); kind {
	case frame.Null:
		return frame.Slot{}, nil
	case frame.Bool:
		v, err := strconv.ParseBool(text)
		return frame.BoolSlot(v), err
	case frame.Int64:
		v, err := strconv.ParseInt(text, 10, 64)
		return frame.IntSlot(v), err
	case frame.Time:
		v, err := strconv.ParseInt(text, 10, 64)
		return frame.TimeSlot(v), err
	case frame.Float64:
		v, err := strconv.ParseUint(text, 16, 64)
		return frame.FloatSlot(math.Float64frombits(v)), err
	case frame.Bytes:
		v, err := hex.DecodeString(text)
		return frame.BytesSlot(kind, v), err
	case frame.UUID:
		v, err := uuid.Parse(text)
		return frame.BytesSlot(kind, v[:]), err
	case frame.String, frame.JSON:
		return frame.BytesSlot(kind, s.Value), nil
	}
	return frame.Slot{}, fmt.Errorf("kind %q is unknown", s.Kind)
}
