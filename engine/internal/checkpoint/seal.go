package checkpoint

import (
	"encoding/binary"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealSize is what a sealed value is longer than what it holds.
const sealSize = 4

// seal puts the CRC-32C of key and value before a value.
func seal(key, value []byte) []byte {
	sealed := make([]byte, sealSize, sealSize+len(value))
	binary.LittleEndian.PutUint32(sealed, crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value))
	return append(sealed, value...)
}

// unseal returns what was sealed, and whether it is that.
func unseal(key, sealed []byte) (value []byte, ok bool) {
	if len(sealed) < sealSize {
		return nil, false
	}
	value = sealed[sealSize:]
	sum := crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
	return value, binary.LittleEndian.Uint32(sealed) == sum
}

// tally tells whether all states of a generation are there: their number, and
// the sum of their seals. It moves with each of them.
type tally struct {
	Keys uint64 `json:"keys"`
	Sum  uint64 `json:"sum"`
}

func (t *tally) add(sealed []byte) {
	t.Keys++
	t.Sum += uint64(binary.LittleEndian.Uint32(sealed))
}

// remove takes out what is stored; nil is nothing.
func (t *tally) remove(sealed []byte) {
	if len(sealed) >= sealSize {
		t.Keys--
		t.Sum -= uint64(binary.LittleEndian.Uint32(sealed))
	}
}
