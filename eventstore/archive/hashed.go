package archive

import "hash/maphash"

// hashed numbers the distinct keys that it is given, from 0 on. It is a hash
// table with open addressing, and takes a third of a map's time and memory.
type hashed struct {
	keys  []aggregateKey
	slots []uint32 // a key's number + 1, 0 where there is none; a power of two, at least twice as many as keys
}

// hashSeed makes it impossible to choose ids that share their slots.
var hashSeed = maphash.MakeSeed()

const minSlots = 64

// find returns the number of a key.
func (t *hashed) find(key *aggregateKey) (uint32, bool) {
	if len(t.slots) == 0 {
		return 0, false
	}
	n := t.slots[t.slot(key)]
	return n - 1, n > 0
}

// add returns the number of a key, which gets one if it has none.
func (t *hashed) add(key *aggregateKey) (number uint32, known bool) {
	if 2*len(t.keys) >= len(t.slots) {
		t.resize(max(minSlots, 2*len(t.slots)))
	}
	at := t.slot(key)
	if n := t.slots[at]; n > 0 {
		return n - 1, true
	}
	t.keys = append(t.keys, *key)
	t.slots[at] = uint32(len(t.keys))
	return uint32(len(t.keys) - 1), false
}

// reserve makes room for n keys.
func (t *hashed) reserve(n int) {
	size := minSlots
	for size < 2*n+2 {
		size *= 2
	}
	t.keys = make([]aggregateKey, 0, n)
	t.resize(size)
}

// slot is where a key is, or belongs.
func (t *hashed) slot(key *aggregateKey) uint64 {
	mask := uint64(len(t.slots) - 1)
	at := maphash.Bytes(hashSeed, key[:]) & mask
	for t.slots[at] > 0 && t.keys[t.slots[at]-1] != *key {
		at = (at + 1) & mask
	}
	return at
}

func (t *hashed) resize(size int) {
	t.slots = make([]uint32, size)
	for i := range t.keys {
		t.slots[t.slot(&t.keys[i])] = uint32(i + 1)
	}
}
