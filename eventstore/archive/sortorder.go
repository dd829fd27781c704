package archive

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// sorting is a key to be sorted: its first bytes as a number, and its place
// among the keys.
type sorting struct {
	prefix uint64
	i      uint32
}

// sortedOrder returns the order in which n keys of at least 8 bytes are sorted;
// equal ones stay in theirs. They are distributed by as many of their first
// bytes as tell most of them apart, from the last of these to the first, and
// those alike so far are compared.
func sortedOrder(n int, key func(uint32) []byte) []uint32 {
	refs, other := make([]sorting, n), make([]sorting, n)
	var counts [8][256]uint32
	for i := range refs {
		prefix := binary.BigEndian.Uint64(key(uint32(i)))
		refs[i] = sorting{prefix, uint32(i)}
		for b := range counts {
			counts[b][byte(prefix>>(8*b))]++
		}
	}
	last := lastTelling(&counts, n)
	for b := last; b < len(counts); b++ {
		if distribute(other, refs, &counts[b], 8*b) {
			refs, other = other, refs
		}
	}
	order := make([]uint32, n)
	for i := 0; i < n; {
		end := i + 1
		for end < n && refs[end].prefix>>(8*last) == refs[i].prefix>>(8*last) {
			end++
		}
		if end > i+1 {
			slices.SortStableFunc(refs[i:end], func(a, b sorting) int { return bytes.Compare(key(a.i), key(b.i)) })
		}
		for ; i < end; i++ {
			order[i] = refs[i].i
		}
	}
	return order
}

// lastTelling returns the last byte that is worth distributing by, if bytes are
// numbered from 7, the first, to 0: those up to it have many times more values
// than there are keys.
func lastTelling(counts *[8][256]uint32, n int) int {
	values := 1
	for b := 7; b > 0; b-- {
		distinct := 0
		for _, c := range counts[b] {
			if c > 0 {
				distinct++
			}
		}
		if values *= max(distinct, 1); values > 64*n {
			return b
		}
	}
	return 0
}

// distribute writes to dst what src has, sorted by the byte that begins at a
// bit, whose values occur as often as counted. It does nothing, and says so, if
// all have the same value.
func distribute(dst, src []sorting, counts *[256]uint32, bit int) bool {
	if len(src) == 0 || int(counts[byte(src[0].prefix>>bit)]) == len(src) {
		return false
	}
	var next [256]uint32
	sum := uint32(0)
	for v, n := range counts {
		next[v] = sum
		sum += n
	}
	for _, s := range src {
		at := &next[byte(s.prefix>>bit)]
		dst[*at] = s
		*at++
	}
	return true
}
