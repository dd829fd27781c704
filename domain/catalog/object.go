package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"slices"
)

// Object is a JSON object whose fields have an order and keep their bytes. It is
// used by one goroutine. The bytes it hands out must not be written to.
type Object struct {
	path    string // from the payload to here, "" for the payload
	members []member
}

type member struct {
	name  string
	key   []byte // name as it is written, in quotes
	value json.RawMessage
	child *Object // value taken apart; value itself is outdated then
}

// Names yields the fields' names in order. The object must not be changed
// meanwhile.
func (o *Object) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range o.members {
			if !yield(o.members[i].name) {
				return
			}
		}
	}
}

// Get returns a field's value as it is written.
func (o *Object) Get(name string) (value json.RawMessage, ok bool) {
	i := o.index(name)
	if i < 0 {
		return nil, false
	}
	return o.members[i].raw(), true
}

// Decode reads a field into v, as encoding/json does. The error is a
// *MissingFieldError or an *InvalidFieldError.
func (o *Object) Decode(name string, v any) error {
	value, ok := o.Get(name)
	if !ok {
		return &MissingFieldError{o.full(name)}
	}
	err := json.Unmarshal(value, v)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return &InvalidFieldError{o.full(name), "must not be a JSON " + wrong.Value}
	case err != nil:
		return &InvalidFieldError{o.full(name), "is not as expected: " + err.Error()}
	}
	return nil
}

// Set gives a field a value, in its place or, if it is new, at the end. The
// value is written as encoding/json does, without HTML escapes; a
// json.RawMessage is taken as it is. The error is an *InvalidFieldError about a
// value that has no JSON form.
func (o *Object) Set(name string, value any) error {
	raw, err := marshal(value)
	if err != nil {
		return &InvalidFieldError{o.full(name), "has no JSON form: " + err.Error()}
	}
	o.put(name, raw)
	return nil
}

// Rename gives a field another name and leaves it in its place. The error is a
// *MissingFieldError, or an *InvalidFieldError if the name is taken.
func (o *Object) Rename(name, to string) error {
	i := o.index(name)
	if i < 0 {
		return &MissingFieldError{o.full(name)}
	}
	if name == to {
		return nil
	}
	if o.index(to) >= 0 {
		return &InvalidFieldError{o.full(to), "is there already, so that " + o.full(name) + " does not get its name"}
	}
	m := &o.members[i]
	m.name, m.key = to, quote(to)
	return nil
}

// Delete removes a field, if it is there.
func (o *Object) Delete(name string) {
	if i := o.index(name); i >= 0 {
		o.members = slices.Delete(o.members, i, i+1)
	}
}

// Object returns the object in a field; what is changed in it is changed in o.
// The error is a *MissingFieldError if the field is absent or null, or an
// *InvalidFieldError if it is no object.
func (o *Object) Object(name string) (*Object, error) {
	i := o.index(name)
	if i < 0 || isNull(o.members[i].value) {
		return nil, &MissingFieldError{o.full(name)}
	}
	m := &o.members[i]
	if m.child != nil {
		return m.child, nil
	}
	if m.value[0] != '{' {
		return nil, &InvalidFieldError{o.full(name), "must be an object, not " + excerpt(m.value)}
	}
	child, err := parseObject(m.value, o.full(name))
	if err != nil {
		return nil, err
	}
	m.child = child
	return child, nil
}

// open is Object, but makes the object if there is none.
func (o *Object) open(name string) (*Object, error) {
	child, err := o.Object(name)
	if isMissing(err) {
		o.put(name, json.RawMessage("{}"))
		return o.Object(name)
	}
	return child, err
}

// put sets a field to valid JSON without white space around it.
func (o *Object) put(name string, value json.RawMessage) {
	if i := o.index(name); i >= 0 {
		o.members[i].value, o.members[i].child = value, nil
		return
	}
	o.members = append(o.members, member{name: name, key: quote(name), value: value})
}

func (o *Object) index(name string) int {
	for i := range o.members {
		if o.members[i].name == name {
			return i
		}
	}
	return -1
}

func (o *Object) full(name string) string {
	if o.path == "" {
		return name
	}
	return o.path + "." + name
}

// append writes the object to dst.
func (o *Object) append(dst []byte) []byte {
	dst = append(dst, '{')
	for i := range o.members {
		m := &o.members[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, m.key...)
		dst = append(dst, ':')
		if m.child != nil {
			dst = m.child.append(dst)
		} else {
			dst = append(dst, m.value...)
		}
	}
	return append(dst, '}')
}

func (m *member) raw() json.RawMessage {
	if m.child != nil {
		return m.child.append(nil)
	}
	return m.value
}

// quote writes a name as JSON.
func quote(name string) []byte {
	if isPlain(name) {
		return append(append(append(make([]byte, 0, len(name)+2), '"'), name...), '"')
	}
	key, err := marshal(name)
	if err != nil {
		return []byte(`""`) // cannot be: every string has a JSON form
	}
	return key
}

// isPlain reports whether a name needs no escapes: most do not.
func isPlain(name string) bool {
	for _, c := range []byte(name) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func marshal(value any) (json.RawMessage, error) {
	if raw, ok := value.(json.RawMessage); ok {
		if !json.Valid(raw) {
			return nil, errors.New("it is not valid JSON")
		}
		return bytes.Clone(bytes.TrimSpace(raw)), nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
