package postgres

import "hash/maphash"

// seen is of which keys a table may have rows that was empty when it began: a Bloom
// filter, so it forgets none, and takes one in a thousand or so for another. It is made
// of parts of which each is four times as large as the one before, so a small table has
// a small one.
type seen struct {
	seed  maphash.Seed
	parts [][]block
	most  int // parts
	room  int // keys that the last part still takes
}

// block is what a key is looked for in: a bit of each word.
type block [8]uint32

const (
	keysPerBlock = 16
	firstBlocks  = 1 << 12 // 128 KiB
	// maxParts bounds what is remembered: under 11 MiB, for some 5 million keys.
	maxParts = 4
)

func newSeen() *seen { return &seen{seed: maphash.MakeSeed(), most: maxParts} }

// full reports whether no more keys can be added.
func (s *seen) full() bool { return s.room == 0 && len(s.parts) == s.most }

// add adds a key, and reports whether it may have been there.
func (s *seen) add(key []byte) (before bool) {
	h := maphash.Bytes(s.seed, key)
	for _, blocks := range s.parts {
		if blocks[place(h, len(blocks))].has(uint32(h)) {
			return true
		}
	}
	if s.room == 0 {
		blocks := make([]block, firstBlocks<<(2*len(s.parts)))
		s.parts, s.room = append(s.parts, blocks), keysPerBlock*len(blocks)
	}
	last := s.parts[len(s.parts)-1]
	last[place(h, len(last))].set(uint32(h))
	s.room--
	return false
}

// place is by the upper half of a hash, a key's bits are by the lower.
func place(hash uint64, blocks int) uint64 { return (hash >> 32) * uint64(blocks) >> 32 }

// salts make eight numbers of one; they are those of Parquet's filters.
var salts = block{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31}

func (b *block) has(hash uint32) bool {
	for i, salt := range salts {
		if b[i]&(1<<(hash*salt>>27)) == 0 {
			return false
		}
	}
	return true
}

func (b *block) set(hash uint32) {
	for i, salt := range salts {
		b[i] |= 1 << (hash * salt >> 27)
	}
}
