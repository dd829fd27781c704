package sqlite

import "encoding/binary"

// table is a declared table, and the writes that the batch in hand asks of it.
type table struct {
	declared Table
	// stored is the table's name in the file.
	stored string
	// place is each column's place in a row, key the places of the primary
	// key's columns in its order, inKey whether a place is one of them.
	place map[string]int
	key   []int
	inKey []bool

	// writes holds at most one write per row, in the order of the rows' first
	// mention; byKey finds it by the row's key.
	writes []*write
	byKey  map[string]*write
	keyBuf []byte

	statements statements
}

// row is one value per column: nil, int64, float64, string, []byte, or unset.
type row []any

// unset stands for a column that an effect does not name.
type unset struct{}

// operation is what becomes of a row.
type operation uint8

const (
	put    operation = iota + 1 // replace the whole row or create it
	patch                       // set the columns that are not unset, if the row exists
	remove                      // delete the row if it exists
)

type write struct {
	operation operation
	row       row
}

func newTable(declared Table) *table {
	t := &table{
		declared: declared,
		place:    make(map[string]int, len(declared.Columns)),
		inKey:    make([]bool, len(declared.Columns)),
		byKey:    make(map[string]*write),
	}
	for i, c := range declared.Columns {
		t.place[c.Name] = i
	}
	for _, name := range declared.PrimaryKey {
		t.key = append(t.key, t.place[name])
		t.inKey[t.place[name]] = true
	}
	return t
}

// newRow returns a row of unset columns.
func (t *table) newRow() row {
	r := make(row, len(t.declared.Columns))
	for i := range r {
		r[i] = unset{}
	}
	return r
}

// insert makes r the row of its key, whatever was there.
func (t *table) insert(r row) {
	w, _ := t.writeOf(r)
	w.operation, w.row = put, r
}

// update lays r's columns over the write in hand. A row that this batch has
// deleted stays deleted.
func (t *table) update(r row) {
	w, found := t.writeOf(r)
	if !found {
		w.operation, w.row = patch, r
		return
	}
	if w.operation == remove {
		return
	}
	for i, v := range r {
		if v != (unset{}) {
			w.row[i] = v
		}
	}
}

// remove deletes the row of r's key.
func (t *table) remove(r row) {
	w, _ := t.writeOf(r)
	w.operation, w.row = remove, r
}

// writeOf finds the write to the row with r's key, or adds one.
func (t *table) writeOf(r row) (w *write, found bool) {
	t.keyBuf = t.appendKey(t.keyBuf[:0], r)
	if w, found = t.byKey[string(t.keyBuf)]; found {
		return w, true
	}
	w = new(write)
	t.byKey[string(t.keyBuf)] = w
	t.writes = append(t.writes, w)
	return w, false
}

// appendKey appends bytes that are equal for two rows of the table if their
// keys are.
func (t *table) appendKey(dst []byte, r row) []byte {
	for _, i := range t.key {
		switch v := r[i].(type) {
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
func (t *table) clear() {
	clear(t.writes)
	t.writes = t.writes[:0]
	clear(t.byKey)
}
