package sqlite

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// decoder turns the JSON of effects into rows. What it returns shares no
// memory with its input. It trusts nothing: a body is strict JSON in UTF-8.
type decoder struct {
	parser fastjson.Parser
	number []byte
}

// insert decodes a whole row; columns that the body does not name become nil.
func (d *decoder) insert(t *table, body []byte, r row) *RowError {
	if err := d.object(t, body, r); err != nil {
		return err
	}
	for _, i := range t.key {
		if r[i] == (unset{}) {
			return &RowError{Column: t.declared.Columns[i].Name, Reason: "is part of the primary key, and missing"}
		}
	}
	for i, v := range r {
		if v == (unset{}) {
			r[i] = nil
		}
	}
	return nil
}

// update decodes the columns that the body names, and the key; the other
// columns stay unset. A body may repeat the key's columns but not change them.
func (d *decoder) update(t *table, key string, body []byte, r row) *RowError {
	if err := d.object(t, body, r); err != nil {
		return err
	}
	return d.key(t, key, r)
}

// object decodes the members of a JSON object into r.
func (d *decoder) object(t *table, body []byte, r row) (failed *RowError) {
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
		case r[i] != unset{}:
			failed = &RowError{Column: string(name), Reason: "is named twice"}
		default:
			r[i], failed = d.value(t, i, v)
		}
	})
	return failed
}

// key decodes a row's key into r: the text of its only column, or a JSON
// array of its columns.
func (d *decoder) key(t *table, key string, r row) *RowError {
	if len(t.key) == 1 {
		i := t.key[0]
		v, reason := fromText(t.declared.Columns[i].Type, key)
		if reason != "" {
			return &RowError{Column: t.declared.Columns[i].Name, Reason: "in the key " + reason}
		}
		return t.setKey(r, i, v)
	}
	parsed, reason := d.parse([]byte(key))
	if reason != "" {
		return &RowError{Reason: "the key " + reason}
	}
	values, err := parsed.Array()
	if err != nil || len(values) != len(t.key) {
		return &RowError{Reason: fmt.Sprintf("the key is not a JSON array of %d values", len(t.key))}
	}
	for n, i := range t.key {
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
func (t *table) setKey(r row, i int, v any) *RowError {
	if r[i] != (unset{}) && !sameKey(r[i], v) {
		return &RowError{Column: t.declared.Columns[i].Name, Reason: "is part of the primary key, which an update cannot change"}
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
func (d *decoder) value(t *table, i int, v *fastjson.Value) (any, *RowError) {
	column := &t.declared.Columns[i]
	decoded, reason := d.fromJSON(column.Type, v)
	if reason == "" && decoded == nil && t.inKey[i] {
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
