package repository

import (
	"encoding/binary"
	"hash/crc32"
	"slices"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// markSize is that of one event's mark, in bytes.
const markSize = 4

// marks are the CRC-32C of the ids of an aggregate's events, in their order. An
// id without its mark is of no event; one with it is, but for an accident in
// four thousand million per event.
type marks []byte

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func mark(id uuid.UUID) uint32 { return crc32.Checksum(id[:], castagnoli) }

// with returns the marks with those of further events.
func (m marks) with(events []event.Recorded) marks {
	m = slices.Grow(m, markSize*len(events))
	for i := range events {
		m = binary.LittleEndian.AppendUint32(m, mark(events[i].ID))
	}
	return m
}

func (m marks) may(id uuid.UUID) bool {
	want := mark(id)
	for rest := m; len(rest) >= markSize; rest = rest[markSize:] {
		if binary.LittleEndian.Uint32(rest) == want {
			return true
		}
	}
	return false
}
