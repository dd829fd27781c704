package repository

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// markSize is that of one event's mark, in bytes.
const markSize = 4

// marks are the CRC-32C of the ids of an aggregate's events, in their order. An
// id without its mark is of no event; one with it is, but for an accident in
// four thousand million per event.
//
// They are never written to. Most marks are in long, which many share, and a few
// in end, so that another event does not cost a copy of all.
type marks struct{ long, end []byte }

// maxEnd bounds end, in bytes.
const maxEnd = 64 * markSize

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func mark(id uuid.UUID) uint32 { return crc32.Checksum(id[:], castagnoli) }

// with returns the marks with those of further events.
func (m marks) with(events []event.Recorded) marks {
	if len(events) == 0 {
		return m
	}
	if len(m.end)+markSize*len(events) > maxEnd {
		return marks{long: appendMarks(m.bytes(markSize*len(events)), events)}
	}
	end := make([]byte, 0, len(m.end)+markSize*len(events))
	return marks{m.long, appendMarks(append(end, m.end...), events)}
}

func appendMarks(dst []byte, events []event.Recorded) []byte {
	for i := range events {
		dst = binary.LittleEndian.AppendUint32(dst, mark(events[i].ID))
	}
	return dst
}

// bytes returns a copy of all marks, with room for more.
func (m marks) bytes(room int) []byte {
	return append(append(make([]byte, 0, m.len()+room), m.long...), m.end...)
}

func (m marks) len() int { return len(m.long) + len(m.end) }

// may reports whether the id may be of one of the events.
func (m marks) may(id uuid.UUID) bool {
	want := binary.LittleEndian.AppendUint32(nil, mark(id))
	return has(m.long, want) || has(m.end, want)
}

// has looks for a mark as for any bytes, which is fast, and at which place.
func has(all, want []byte) bool {
	for at := 0; ; at++ {
		i := bytes.Index(all[at:], want)
		if i < 0 {
			return false
		}
		if at += i; at%markSize == 0 {
			return true
		}
	}
}
