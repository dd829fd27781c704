package postgres

import (
	"encoding/binary"
	"testing"
)

// A key that has been added is known again, however many more have been; few others are
// taken for one, and then the memory ends.
func TestSeen(t *testing.T) {
	s := newSeen()
	s.most = 2
	key := func(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }
	n, mistaken := 0, 0
	for ; !s.full(); n++ {
		if s.add(key(n)) {
			mistaken++
		}
	}
	if mistaken > n/50 {
		t.Errorf("%d of %d new keys were taken for others", mistaken, n)
	}
	if want := 5 * firstBlocks * keysPerBlock; n < want || n > want+mistaken {
		t.Errorf("there is room for %d keys, of which %d were mistaken, want %d", n, mistaken, want)
	}
	for i := 0; i < n; i += 97 {
		if !s.add(key(i)) {
			t.Fatalf("key %d of %d was forgotten", i, n)
		}
	}
}
