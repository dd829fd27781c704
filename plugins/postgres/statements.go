package postgres

import (
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/refold-dev/refold/plugins/rows"
)

// maxStatement is about how many bytes of values go in one statement.
const maxStatement = 16 << 20

// table is a declared table in the database.
type table struct {
	*rows.Writes
	// stored is the name of the table that is written, with its schema.
	stored string
	arrays []array
	copied []byte // what is copied into it, in memory that is used again
	// unasked is for how many batches more nobody asks which rows are new.
	unasked int
	// seen has the keys that the table may have rows of; nil: it may have any.
	seen   *seen
	keyBuf []byte
}

// group is the writes to a table that go in one statement: they do the same to the
// same columns.
type group struct {
	operation rows.Operation
	places    []int // of the columns that it has values of
	writes    []*rows.Write
}

// pipeline is statements that go to the server in one piece.
type pipeline struct {
	batch pgconn.Batch
	about []string // the table of each, if it is about one
	want  []int    // how many rows each has to change; -1: any number
}

// pipelineOf makes the batch's writes statements. As a foreign key between tables
// of the user's may have it, a row goes before one that it refers to, and comes
// after it, if the tables are declared in that order.
func pipelineOf(tables []*table) *pipeline {
	p := new(pipeline)
	var rest []func()
	for _, t := range slices.Backward(tables) {
		var others []*group
		for _, g := range t.groups() {
			if g.operation == rows.Remove {
				t.send(p, g)
			} else {
				others = append(others, g)
			}
		}
		rest = append(rest, func() { t.sendAll(p, others) })
	}
	for _, send := range slices.Backward(rest) {
		send()
	}
	return p
}

func (t *table) sendAll(p *pipeline, groups []*group) {
	for _, g := range groups {
		t.send(p, g)
	}
}

// groups sorts the writes of the batch by what they do.
func (t *table) groups() []*group {
	var all []*group
	byShape := make(map[string]*group)
	var shape []byte
	for _, w := range t.List {
		shape = append(shape[:0], byte(w.Operation))
		if w.Operation == rows.Patch {
			shape = t.appendSet(shape, w.Row)
		}
		g := byShape[string(shape)]
		if g == nil {
			g = &group{operation: w.Operation, places: t.places(w)}
			byShape[string(shape)] = g
			all = append(all, g)
		}
		g.writes = append(g.writes, w)
	}
	return all
}

// appendSet appends a byte for each column: 1 if the row has a value of it.
func (t *table) appendSet(dst []byte, r rows.Row) []byte {
	for _, v := range r {
		set := byte(0)
		if v != (rows.Unset{}) {
			set = 1
		}
		dst = append(dst, set)
	}
	return dst
}

// places are those of the columns that a write has values of.
func (t *table) places(w *rows.Write) (places []int) {
	for i, v := range w.Row {
		if v != (rows.Unset{}) {
			places = append(places, i)
		}
	}
	return places
}

// send adds a group to what goes to the server, in statements of a bounded size.
func (t *table) send(p *pipeline, g *group) {
	if g.operation == rows.Patch && len(g.places) == len(t.Key) {
		return // it sets nothing
	}
	text := t.text(g)
	for writes := g.writes; len(writes) > 0; {
		n := t.encode(g.places, writes)
		writes = writes[n:]
		values, types := t.parameters(g.places)
		p.add(t.Table.Name, text, values, types)
		if g.operation == rows.Put && len(t.Key) < len(t.Table.Columns) {
			p.want[len(p.want)-1] = n
		}
	}
}

// encode fills the arrays with the values of as many writes as make a statement.
func (t *table) encode(places []int, writes []*rows.Write) (n int) {
	if t.arrays == nil {
		t.arrays = make([]array, len(t.Table.Columns))
	}
	for _, i := range places {
		t.arrays[i].reset(t.Table.Columns[i].Type)
	}
	for size := 0; n < len(writes) && size < maxStatement; n++ {
		for _, i := range places {
			before := len(t.arrays[i].buf)
			t.arrays[i].add(writes[n].Row[i])
			size += len(t.arrays[i].buf) - before
		}
	}
	return n
}

// parameters are the arrays of the columns at the places.
func (t *table) parameters(places []int) (values [][]byte, types []uint32) {
	for _, i := range places {
		values = append(values, t.arrays[i].buf)
		types = append(types, storages[t.Table.Columns[i].Type].array)
	}
	return values, types
}

// add adds a statement with binary parameters, which are copied.
func (p *pipeline) add(table, text string, values [][]byte, types []uint32) {
	p.batch.ExecParams(text, values, types, []int16{pgtype.BinaryFormatCode}, nil)
	p.about = append(p.about, table)
	p.want = append(p.want, -1)
}
