package root

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
)

// Digest is a SHA-256. As text it is hexadecimal.
type Digest [sha256.Size]byte

// IsZero reports whether it is the digest of nothing yet.
func (d Digest) IsZero() bool { return d == Digest{} }

func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText implements encoding.TextMarshaler.
func (d Digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Digest) UnmarshalText(text []byte) error { return decode(d[:], text) }

func decode(into, text []byte) error {
	if len(text) != hex.EncodedLen(len(into)) {
		return fmt.Errorf("a digest of %d characters, and not of %d", len(text), hex.EncodedLen(len(into)))
	}
	_, err := hex.Decode(into, text)
	return err
}

// Set is a digest of pairs of a key and a state, each of which is in it once. The
// zero Set has none.
type Set struct{ Digest }

// Add adds a pair. scratch is memory to be used, and what is returned the same,
// which may have grown.
func (s *Set) Add(scratch, key, state []byte) []byte {
	scratch = appendPair(scratch[:0], key, state)
	s.Digest = sum(s.Digest, sha256.Sum256(scratch))
	return scratch
}

// Remove removes a pair, and is otherwise as Add.
func (s *Set) Remove(scratch, key, state []byte) []byte {
	scratch = appendPair(scratch[:0], key, state)
	s.Digest = difference(s.Digest, sha256.Sum256(scratch))
	return scratch
}

func appendPair(dst, key, state []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(key)))
	dst = append(dst, key...)
	return append(dst, state...)
}

// sum adds little-endian numbers modulo 2^256.
func sum(a, b Digest) Digest {
	var carry, word uint64
	for i := 0; i < len(a); i += 8 {
		word, carry = bits.Add64(binary.LittleEndian.Uint64(a[i:]), binary.LittleEndian.Uint64(b[i:]), carry)
		binary.LittleEndian.PutUint64(a[i:], word)
	}
	return a
}

func difference(a, b Digest) Digest {
	var borrow, word uint64
	for i := 0; i < len(a); i += 8 {
		word, borrow = bits.Sub64(binary.LittleEndian.Uint64(a[i:]), binary.LittleEndian.Uint64(b[i:]), borrow)
		binary.LittleEndian.PutUint64(a[i:], word)
	}
	return a
}
