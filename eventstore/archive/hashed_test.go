package archive

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// fewKeys draws keys that often are alike, or alike in their first bytes.
func fewKeys(t *rapid.T) []aggregateKey {
	few := rapid.Custom(func(t *rapid.T) (k aggregateKey) {
		for _, i := range []int{0, 3, 7, 8, 15, 19} {
			k[i] = rapid.SampledFrom([]byte{0, 1, 255}).Draw(t, "byte")
		}
		return k
	})
	return rapid.SliceOfN(few, 0, 600).Draw(t, "keys")
}

// TestHashedIsAMap holds it against a map.
func TestHashedIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := fewKeys(t)
		var h hashed
		if rapid.Bool().Draw(t, "reserved") {
			h.reserve(rapid.IntRange(0, 300).Draw(t, "room"))
		}
		want := map[aggregateKey]uint32{}
		for _, k := range keys {
			n, known := want[k]
			if got, ok := h.find(&k); ok != known || ok && got != n {
				t.Fatalf("key %x has number %d, %v; want %d, %v", k, got, ok, n, known)
			}
			if !known {
				n = uint32(len(want))
				want[k] = n
			}
			if got, ok := h.add(&k); got != n || ok != known {
				t.Fatalf("key %x got number %d, %v; want %d, %v", k, got, ok, n, known)
			}
		}
		for k, n := range want {
			if got, ok := h.find(&k); !ok || got != n || h.keys[n] != k {
				t.Fatalf("key %x has number %d, %v; want %d", k, got, ok, n)
			}
		}
	})
}

// TestSortedOrderIsAStableSort holds it against the library's.
func TestSortedOrderIsAStableSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := fewKeys(t)
		want := make([]uint32, len(keys))
		for i := range want {
			want[i] = uint32(i)
		}
		slices.SortStableFunc(want, func(a, b uint32) int { return bytes.Compare(keys[a][:], keys[b][:]) })
		got := sortedOrder(len(keys), func(i uint32) []byte { return keys[i][:] })
		if !slices.Equal(got, want) {
			t.Fatalf("the order is %v, want %v", got, want)
		}
	})
}
