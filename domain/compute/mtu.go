package compute

import (
	"encoding/json"
	"strconv"
)

// The MTUs that are allowed, in bytes.
const (
	MinMTU     = 68
	DefaultMTU = 1500
	MaxMTU     = 9000
)

// MTU is the largest payload that a link carries. The zero MTU is the default
// one: what is stored is the difference from it.
type MTU struct{ aboveDefault int16 }

// NewMTU makes an MTU of a number of bytes. The error is a *[NetworkError].
func NewMTU(bytes int) (MTU, error) {
	if bytes < MinMTU || bytes > MaxMTU {
		return MTU{}, &NetworkError{InvalidMTU, strconv.Itoa(bytes)}
	}
	return MTU{int16(bytes - DefaultMTU)}, nil
}

// Bytes returns the number of bytes.
func (m MTU) Bytes() int { return int(m.aboveDefault) + DefaultMTU }

// IsStandard reports whether the MTU is the default one.
func (m MTU) IsStandard() bool { return m.aboveDefault == 0 }

// IsJumbo reports whether the MTU is above the default one.
func (m MTU) IsJumbo() bool { return m.aboveDefault > 0 }

// String returns the number of bytes in decimal.
func (m MTU) String() string { return strconv.Itoa(m.Bytes()) }

// MarshalJSON returns the number of bytes.
func (m MTU) MarshalJSON() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalJSON reads a number and checks it as NewMTU does.
func (m *MTU) UnmarshalJSON(data []byte) error {
	var bytes int
	if err := json.Unmarshal(data, &bytes); err != nil {
		return &NetworkError{InvalidMTU, string(data)}
	}
	parsed, err := NewMTU(bytes)
	if err != nil {
		return err
	}
	*m = parsed
	return nil
}
