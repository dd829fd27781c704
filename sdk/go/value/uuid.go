package value

import "encoding/hex"

// UUID is a universally unique identifier.
type UUID [16]byte

// String returns the 36-character form, in lower case.
func (u UUID) String() string {
	var b [36]byte
	return string(u.appendText(b[:0]))
}

// MarshalText implements encoding.TextMarshaler.
func (u UUID) MarshalText() ([]byte, error) { return u.appendText(nil), nil }

func (u UUID) appendText(dst []byte) []byte {
	for i, end := range [...]int{4, 6, 8, 10, 16} {
		start := [...]int{0, 4, 6, 8, 10}[i]
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, u[start:end])
	}
	return dst
}
