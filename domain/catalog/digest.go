package catalog

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
)

// digester writes a catalog in a canonical form: tagged, and each text behind
// its length, so that no two catalogs have the same bytes.
type digester struct{ buf []byte }

func digestOf(types map[string]*chain) [sha256.Size]byte {
	if len(types) == 0 {
		return [sha256.Size]byte{}
	}
	d := &digester{}
	d.text("refold catalog 1")
	d.count(len(types))
	for _, name := range slices.Sorted(maps.Keys(types)) {
		t := types[name]
		d.text(name)
		d.number(uint64(t.version))
		d.count(len(t.links))
		for i := range t.links {
			d.link(&t.links[i])
		}
	}
	return sha256.Sum256(d.buf)
}

func (d *digester) link(l *link) {
	d.count(len(l.operations))
	for _, op := range l.operations {
		op.digest(d)
	}
	d.count(len(l.fields))
	for _, f := range l.fields { // sorted by name
		d.text(f.Name)
		d.text(string(f.Type))
		d.number(uint64(f.Presence))
	}
}

func (d *digester) text(s string) {
	d.count(len(s))
	d.buf = append(d.buf, s...)
}

func (d *digester) count(n int) { d.number(uint64(n)) }

func (d *digester) number(n uint64) { d.buf = binary.AppendUvarint(d.buf, n) }

func (d *digester) flag(b bool) {
	if b {
		d.number(1)
		return
	}
	d.number(0)
}

func (op rename) digest(d *digester) {
	d.text("rename")
	d.text(op.field.String())
	d.text(op.to)
	d.flag(op.optional)
}

func (op add) digest(d *digester) {
	d.text("add")
	d.text(op.field.String())
	d.text(string(op.value))
}

func (op drop) digest(d *digester) {
	d.text("drop")
	d.text(op.field.String())
}

func (op move) digest(d *digester) {
	d.text("move")
	d.text(op.field.String())
	d.text(op.to.String())
	d.flag(op.optional)
}

func (op mapValues) digest(d *digester) {
	d.text("map")
	d.text(op.field.String())
	d.count(len(op.values))
	for _, from := range slices.Sorted(maps.Keys(op.values)) {
		d.text(from)
		d.text(string(op.values[from]))
	}
	d.text(string(op.fallback)) // JSON is never empty: "" is no default
	d.flag(op.optional)
}

func (op function) digest(d *digester) {
	d.text("func")
	d.text(op.name)
	d.text(op.revision)
}
