package rows

import (
	"encoding/binary"
	"fmt"
)

// Writes are what the batch in hand asks of a table.
type Writes struct {
	Table Table
	// Key are the places of the primary key's columns in a row, in its order, and
	// InKey says of each place whether it is one of them.
	Key   []int
	InKey []bool
	// List holds at most one write for each row, in the order of the rows' first
	// mention, unless it is sorted.
	List []*Write

	place  map[string]int    // of a column in a row
	byKey  map[string]*Write // finds a write by its row's key
	keyBuf []byte
	slab   []Write // of the writes to come
	order  []ordered
}

// slabSize is of how many things of a kind the memory is taken at once.
const slabSize = 256

// Row is one value for each column: nil, what [Type] says, or [Unset].
type Row []any

// Unset stands for a column that an effect does not name.
type Unset struct{}

// Operation is what becomes of a row.
type Operation uint8

// The operations.
const (
	Put    Operation = iota + 1 // replace the whole row or create it
	Patch                       // set the columns that are not Unset, if the row exists
	Remove                      // delete the row if it exists
)

// Write is one operation on one row.
type Write struct {
	Operation Operation
	Row       Row
}

func newWrites(declared Table) *Writes {
	t := &Writes{
		Table: declared,
		place: make(map[string]int, len(declared.Columns)),
		InKey: make([]bool, len(declared.Columns)),
		byKey: make(map[string]*Write),
	}
	for i, c := range declared.Columns {
		t.place[c.Name] = i
	}
	for _, name := range declared.PrimaryKey {
		t.Key = append(t.Key, t.place[name])
		t.InKey[t.place[name]] = true
	}
	return t
}

// fold lays an operation over the write in hand to the same row, if there is one.
func (t *Writes) fold(operation Operation, r Row, keyBytes int) *RowError {
	t.keyBuf = t.AppendKey(t.keyBuf[:0], r)
	if size := len(t.keyBuf); keyBytes > 0 && size > keyBytes {
		return &RowError{Reason: fmt.Sprintf("has a primary key of %d bytes, of which the database can index %d", size, keyBytes)}
	}
	w, found := t.writeOf(t.keyBuf)
	if found && operation == Patch {
		w.patch(r)
		return nil
	}
	w.Operation, w.Row = operation, r
	return nil
}

// writeOf finds the write to the row with a key, or adds one.
func (t *Writes) writeOf(key []byte) (w *Write, found bool) {
	if w, found = t.byKey[string(key)]; found {
		return w, true
	}
	if len(t.slab) == 0 {
		t.slab = make([]Write, slabSize)
	}
	w, t.slab = &t.slab[0], t.slab[1:]
	t.byKey[string(key)] = w
	t.List = append(t.List, w)
	return w, false
}

// patch lays the columns of r over the write. A row that this batch has deleted
// stays deleted.
func (w *Write) patch(r Row) {
	if w.Operation == Remove {
		return
	}
	for i, v := range r {
		if v != (Unset{}) {
			w.Row[i] = v
		}
	}
}

// AppendKey appends bytes that are equal for two rows of the table if and only if their
// keys are.
func (t *Writes) AppendKey(dst []byte, r Row) []byte {
	for _, i := range t.Key {
		switch v := r[i].(type) {
		case bool:
			dst = append(dst, 0)
			if v {
				dst[len(dst)-1] = 1
			}
		case int64:
			dst = binary.LittleEndian.AppendUint64(dst, uint64(v))
		case string:
			dst = append(binary.AppendUvarint(dst, uint64(len(v))), v...)
		case []byte:
			dst = append(binary.AppendUvarint(dst, uint64(len(v))), v...)
		}
	}
	return dst
}

// clear forgets the writes.
func (t *Writes) clear() {
	clear(t.List)
	t.List = t.List[:0]
	clear(t.byKey)
}
