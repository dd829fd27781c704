package rows

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// decoder turns the JSON of effects into rows. What it returns shares no
// memory with its input. It trusts nothing: a body is strict JSON in UTF-8.
type decoder struct {
	dialect *Dialect
	parser  fastjson.Parser
	number  []byte
	slab    []any // of the rows to come
}

// newRow returns a row of unset columns.
func (d *decoder) newRow(t *Writes) Row {
	n := len(t.Table.Columns)
	if len(d.slab) < n {
		d.slab = make([]any, max(n, 4*slabSize))
	}
	r := Row(d.slab[:n:n])
	d.slab = d.slab[n:]
	r.unset()
	return r
}

func (r Row) unset() {
	for i := range r {
		r[i] = Unset{}
	}
}

// insert decodes a whole row; columns that the body does not name become nil.
func (d *decoder) insert(t *Writes, body []byte, r Row) *RowError {
	if err := d.object(t, body, r); err != nil {
		return err
	}
	for _, i := range t.Key {
		if r[i] == (Unset{}) {
			return &RowError{Column: t.Table.Columns[i].Name, Reason: "is part of the primary key, and missing"}
		}
	}
	for i, v := range r {
		if v == (Unset{}) {
			r[i] = nil
		}
	}
	return nil
}

// update decodes the columns that the body names, and the key; the other
// columns stay unset. A body may repeat the key's columns but not change them.
func (d *decoder) update(t *Writes, key string, body []byte, r Row) *RowError {
	if err := d.object(t, body, r); err != nil {
		return err
	}
	return d.key(t, key, r)
}

// object decodes the members of a JSON object into r.
func (d *decoder) object(t *Writes, body []byte, r Row) *RowError {
	if d.plain(t, body, r) {
		return nil
	}
	r.unset()
	return d.parsed(t, body, r)
}

// parsed decodes an object however it is written.
func (d *decoder) parsed(t *Writes, body []byte, r Row) (failed *RowError) {
	v, reason := d.parse(body)
	if reason != "" {
		return &RowError{Reason: "the body " + reason}
	}
	if v.Type() != fastjson.TypeObject {
		return &RowError{Reason: fmt.Sprintf("the body is of JSON type %s, not an object", v.Type())}
	}
	v.GetObject().Visit(func(name []byte, v *fastjson.Value) {
		if failed != nil {
			return
		}
		i, ok := t.place[string(name)]
		switch {
		case !ok:
			failed = &RowError{Column: string(name), Reason: "is not declared"}
		case r[i] != Unset{}:
			failed = &RowError{Column: string(name), Reason: "is named twice"}
		default:
			r[i], failed = d.value(t, i, v)
		}
	})
	return failed
}

// key decodes a row's key into r: the text of its only column, or a JSON
// array of its columns.
func (d *decoder) key(t *Writes, key string, r Row) *RowError {
	if len(t.Key) == 1 {
		i := t.Key[0]
		v, reason := d.fromText(t.Table.Columns[i].Type, key, true)
		if reason != "" {
			return &RowError{Column: t.Table.Columns[i].Name, Reason: "in the key " + reason}
		}
		return t.setKey(r, i, v)
	}
	parsed, reason := d.parse([]byte(key))
	if reason != "" {
		return &RowError{Reason: "the key " + reason}
	}
	values, err := parsed.Array()
	if err != nil || len(values) != len(t.Key) {
		return &RowError{Reason: fmt.Sprintf("the key is not a JSON array of %d values", len(t.Key))}
	}
	for n, i := range t.Key {
		v, failed := d.value(t, i, values[n])
		if failed == nil {
			failed = t.setKey(r, i, v)
		}
		if failed != nil {
			return failed
		}
	}
	return nil
}

// setKey sets a column of the key, unless the body says otherwise.
func (t *Writes) setKey(r Row, i int, v any) *RowError {
	if r[i] != (Unset{}) && !sameKey(r[i], v) {
		return &RowError{Column: t.Table.Columns[i].Name, Reason: "is part of the primary key, which an update cannot change"}
	}
	r[i] = v
	return nil
}

func sameKey(a, b any) bool {
	if blob, ok := a.([]byte); ok {
		other, ok := b.([]byte)
		return ok && bytes.Equal(blob, other)
	}
	return a == b
}

// value decodes a JSON value for column i.
func (d *decoder) value(t *Writes, i int, v *fastjson.Value) (any, *RowError) {
	column := &t.Table.Columns[i]
	decoded, reason := d.fromJSON(column.Type, v, t.InKey[i])
	if reason == "" && decoded == nil && t.InKey[i] {
		reason = "is part of the primary key, and null"
	}
	if reason != "" {
		return nil, &RowError{Column: column.Name, Reason: reason}
	}
	return decoded, nil
}

// parse reads one JSON value. The parser alone is lenient, and the validator
// alone has no limit of depth: so the one bounds what the other checks.
func (d *decoder) parse(text []byte) (v *fastjson.Value, reason string) {
	if !utf8.Valid(text) {
		return nil, "is not valid UTF-8"
	}
	v, err := d.parser.ParseBytes(text)
	if err == nil {
		err = fastjson.ValidateBytes(text)
	}
	if err != nil {
		return nil, "is not JSON: " + err.Error()
	}
	if hasLoneSurrogate(text) {
		return nil, "has half of a surrogate pair in a string"
	}
	return v, ""
}
