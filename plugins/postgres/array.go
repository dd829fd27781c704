package postgres

import (
	"encoding/binary"
	"math"

	"github.com/refold-dev/refold/plugins/rows"
)

// array is the values of one column in the server's binary form of an array.
type array struct {
	oid   uint32 // of an element
	count int
	buf   []byte
}

// headerSize is that of one dimension: their number, whether there are nulls, the
// elements' type, their number and the first one's index.
const headerSize = 5 * 4

func (a *array) reset(t rows.Type) {
	a.oid, a.count = storages[t].oid, 0
	a.buf = append(a.buf[:0], make([]byte, headerSize)...)
	binary.BigEndian.PutUint32(a.buf[0:], 1)
	binary.BigEndian.PutUint32(a.buf[8:], a.oid)
	binary.BigEndian.PutUint32(a.buf[16:], 1)
}

// add appends a value of a row: see [rows.Type] and the dialect.
func (a *array) add(v any) {
	a.count++
	binary.BigEndian.PutUint32(a.buf[12:], uint32(a.count))
	if v == nil {
		binary.BigEndian.PutUint32(a.buf[4:], 1)
	}
	a.buf = appendValue(a.buf, v)
}

// appendValue appends a value with its length before it, as it is in an array and in a
// COPY.
func appendValue(dst []byte, v any) []byte {
	size := func(n int) []byte { return binary.BigEndian.AppendUint32(dst, uint32(n)) }
	switch v := v.(type) {
	case string:
		return append(size(len(v)), v...)
	case []byte:
		return append(size(len(v)), v...)
	case int64:
		return binary.BigEndian.AppendUint64(size(8), uint64(v))
	case float64:
		return binary.BigEndian.AppendUint64(size(8), math.Float64bits(v))
	case bool:
		one := byte(0)
		if v {
			one = 1
		}
		return append(size(1), one)
	}
	return size(-1) // null
}
