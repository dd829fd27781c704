package eventstore

import (
	"encoding/binary"
	"math/bits"

	"github.com/google/uuid"
)

// idSet is a set of 64-bit digests of ids: open addressing, at most three
// quarters full. The zero value is empty.
type idSet struct {
	slots []uint64 // 0 is free
	used  int
}

// minSlots is a power of two, as every size is.
const minSlots = 1024

// add puts an id into the set. False means that the id, or, once in a very
// long while, another of the same digest, is there already.
func (s *idSet) add(id uuid.UUID) bool {
	if 4*(s.used+1) > 3*len(s.slots) {
		s.grow()
	}
	return s.put(digest(id))
}

func (s *idSet) put(d uint64) bool {
	mask := uint64(len(s.slots) - 1)
	for i := d & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case 0:
			s.slots[i] = d
			s.used++
			return true
		case d:
			return false
		}
	}
}

func (s *idSet) grow() {
	old := s.slots
	s.slots, s.used = make([]uint64, max(minSlots, 2*len(old))), 0
	for _, d := range old {
		if d != 0 {
			s.put(d)
		}
	}
}

// digest mixes an id's halves; it is never 0.
func digest(id uuid.UUID) uint64 {
	a := binary.LittleEndian.Uint64(id[:8]) ^ 0x9e3779b97f4a7c15
	b := binary.LittleEndian.Uint64(id[8:]) ^ 0xd6e8feb86659fd93
	hi, lo := bits.Mul64(a, b)
	return max(hi^lo^bits.RotateLeft64(a, 32)^b, 1)
}
