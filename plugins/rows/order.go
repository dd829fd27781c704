package rows

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// ordered is a write with the beginning of its key, which mostly decides.
type ordered struct {
	prefix uint64
	write  *Write
}

// SortByKey orders the writes as an index of the primary key has their rows.
func (t *Writes) SortByKey() {
	t.order = slices.Grow(t.order[:0], len(t.List))
	for _, w := range t.List {
		t.order = append(t.order, ordered{prefixOf(w.Row[t.Key[0]]), w})
	}
	slices.SortFunc(t.order, func(a, b ordered) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return t.compare(a.write.Row, b.write.Row)
	})
	for i := range t.order {
		t.List[i] = t.order[i].write
	}
	clear(t.order)
}

// compare orders two rows by their keys.
func (t *Writes) compare(a, b Row) int {
	for _, i := range t.Key {
		if order := compareValues(a[i], b[i]); order != 0 {
			return order
		}
	}
	return 0
}

// compareValues orders two values of a column that may be part of a key.
func compareValues(a, b any) int {
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case int64:
		return cmp.Compare(a, b.(int64))
	case []byte:
		return bytes.Compare(a, b.([]byte))
	}
	return cmp.Compare(prefixOf(a), prefixOf(b))
}

// prefixOf is a number for a value of a column that may be part of a key: where it
// differs for two values, the smaller one's is smaller.
func prefixOf(v any) uint64 {
	var first [8]byte
	switch v := v.(type) {
	case string:
		copy(first[:], v)
	case []byte:
		copy(first[:], v)
	case int64:
		return uint64(v) ^ 1<<63
	case bool:
		if v {
			return 1
		}
	}
	return binary.BigEndian.Uint64(first[:])
}
