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
	switch v := v.(type) {
	case nil:
		binary.BigEndian.PutUint32(a.buf[4:], 1)
		a.buf = binary.BigEndian.AppendUint32(a.buf, math.MaxUint32) // a length of -1
	case string:
		a.buf = append(a.size(len(v)), v...)
	case []byte:
		a.buf = append(a.size(len(v)), v...)
	case int64:
		a.buf = binary.BigEndian.AppendUint64(a.size(8), uint64(v))
	case float64:
		a.buf = binary.BigEndian.AppendUint64(a.size(8), math.Float64bits(v))
	case bool:
		one := byte(0)
		if v {
			one = 1
		}
		a.buf = append(a.size(1), one)
	}
}

func (a *array) size(n int) []byte { return binary.BigEndian.AppendUint32(a.buf, uint32(n)) }
