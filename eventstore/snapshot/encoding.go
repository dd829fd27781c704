package snapshot

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
)

const (
	magic         = "RFA1"
	formatVersion = 2
	headerSize    = 100
	// maxSize bounds a file, in bytes.
	maxSize = 64 << 20
)

// The header's fields, as offsets.
const (
	hChecksum  = 4
	hFormat    = 8 // where the checksum begins to count
	hType      = 10
	hState     = 12
	hVersion   = 16
	hPosition  = 24
	hAggregate = 32
	hEvent     = 48
	hDigest    = 64
	hMarks     = 96
)

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// flaw is what is wrong with a file.
type flaw string

func (f flaw) Error() string { return string(f) }

func encode(s aggregate.Snapshot) ([]byte, error) {
	if s.Version == 0 {
		return nil, fmt.Errorf("there is none of an aggregate without events")
	}
	size := headerSize + len(s.Aggregate.Type) + len(s.Revision) + len(s.State) + len(s.Marks)
	if size > maxSize {
		return nil, fmt.Errorf("it would have %d bytes; at most %d are kept", size, maxSize)
	}
	b := make([]byte, headerSize, size)
	copy(b, magic)
	le.PutUint16(b[hFormat:], formatVersion)
	le.PutUint16(b[hType:], uint16(len(s.Aggregate.Type))) // at most event.MaxTypeLength
	le.PutUint32(b[hState:], uint32(len(s.State)))
	le.PutUint32(b[hMarks:], uint32(len(s.Marks)))
	le.PutUint64(b[hVersion:], uint64(s.Version))
	le.PutUint64(b[hPosition:], uint64(s.Position))
	copy(b[hAggregate:], s.Aggregate.ID[:])
	copy(b[hEvent:], s.EventID[:])
	copy(b[hDigest:], s.Digest[:])
	b = append(b, s.Aggregate.Type...)
	b = append(b, s.Revision...)
	b = append(b, s.State...)
	b = append(b, s.Marks...)
	le.PutUint32(b[hChecksum:], checksum(b[hFormat:]))
	return b, nil
}

// decode reads what encode writes; the error is a flaw. The snapshot's state and
// marks are parts of b.
func decode(b []byte) (s aggregate.Snapshot, err error) {
	switch {
	case len(b) < headerSize:
		return s, flaw("it is shorter than its header")
	case string(b[:len(magic)]) != magic:
		return s, flaw("it does not begin as a snapshot does")
	case le.Uint32(b[hChecksum:]) != checksum(b[hFormat:]):
		return s, flaw("its checksum is wrong")
	case le.Uint16(b[hFormat:]) != formatVersion:
		return s, flaw(fmt.Sprintf("its format is %d, not %d", le.Uint16(b[hFormat:]), formatVersion))
	}
	rest := b[headerSize:]
	name, state, marks := uint64(le.Uint16(b[hType:])), uint64(le.Uint32(b[hState:])), uint64(le.Uint32(b[hMarks:]))
	if name+state+marks > uint64(len(rest)) {
		return s, flaw("it is shorter than its header says")
	}
	stateEnd := uint64(len(rest)) - marks
	revisionEnd := stateEnd - state
	s = aggregate.Snapshot{
		Aggregate: event.Aggregate{Type: string(rest[:name])},
		Version:   event.Version(le.Uint64(b[hVersion:])),
		Position:  event.Position(le.Uint64(b[hPosition:])),
		Revision:  string(rest[name:revisionEnd]),
		State:     rest[revisionEnd:stateEnd:stateEnd],
		Marks:     rest[stateEnd:],
	}
	copy(s.Aggregate.ID[:], b[hAggregate:])
	copy(s.EventID[:], b[hEvent:])
	copy(s.Digest[:], b[hDigest:])
	if s.Version == 0 {
		return aggregate.Snapshot{}, flaw("it is of an aggregate without events")
	}
	return s, nil
}
