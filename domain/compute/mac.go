package compute

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// MAC is a 48-bit hardware address.
type MAC [6]byte

// ParseMAC reads twelve hex digits, bare or in pairs that are all separated by
// ":" or all by "-". The error is a *[NetworkError].
func ParseMAC(s string) (MAC, error) {
	digits := s
	if len(s) == 17 && (s[2] == ':' || s[2] == '-') {
		pairs := strings.Split(s, s[2:3])
		for _, pair := range pairs {
			if len(pair) != 2 {
				return MAC{}, &NetworkError{InvalidMAC, s}
			}
		}
		digits = strings.Join(pairs, "")
	}
	octets, err := hex.DecodeString(digits)
	if err != nil || len(octets) != len(MAC{}) {
		return MAC{}, &NetworkError{InvalidMAC, s}
	}
	return MAC(octets), nil
}

// String returns the address in lower case with colons.
func (m MAC) String() string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
}

// IsBroadcast reports whether the address is ff:ff:ff:ff:ff:ff.
func (m MAC) IsBroadcast() bool { return m == MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff} }

// IsMulticast reports whether the address means a group; broadcast does.
func (m MAC) IsMulticast() bool { return m[0]&1 == 1 }

// IsUnicast reports whether the address means one device.
func (m MAC) IsUnicast() bool { return !m.IsMulticast() }

// MarshalText returns String().
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText is ParseMAC.
func (m *MAC) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMAC(string(text))
	return err
}
