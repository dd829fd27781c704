package refold

import "encoding/binary"

const (
	internedStrings = 1024
	internedBytes   = 64 // of the longest string that is kept
)

// interned are the strings that fields had last, each in the one place that its
// text gives it: payloads name the same things again and again, and in a guest a
// string that is made costs as much as all else of a small fold.
var interned [internedStrings]string

// intern returns b as a string.
func intern(b []byte) string {
	if len(b) == 0 || len(b) > internedBytes {
		return string(b)
	}
	kept := &interned[place(b)]
	if *kept != string(b) {
		*kept = string(b)
	}
	return *kept
}

// place mixes the length, the first and the last bytes.
func place(b []byte) int {
	var first, last uint64
	switch n := len(b); {
	case n >= 8:
		first, last = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[n-8:])
	case n >= 4:
		first, last = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[n-4:]))
	default:
		first, last = uint64(b[0]), uint64(b[n/2])<<8|uint64(b[n-1])
	}
	h := (first ^ last*0x9e3779b97f4a7c15 ^ uint64(len(b))) * 0xbf58476d1ce4e5b9
	return int(h >> 54)
}
