package refold

import "github.com/refold-dev/refold/sdk/go/value"

// description is what the projection says about itself; the JSON is written by
// hand, since package sdk/manifest would bring reflection into every guest.
type description struct {
	name, version, state, key string
	events                    []string
}

// field is a declared payload field.
type field struct{ path, kind string }

func (m description) json(fields []field) []byte {
	var o Object
	o.Int("abi", 1).Text("name", m.name)
	if m.version != "" {
		o.Text("version", m.version)
	}
	o.Text("state", m.state)
	if m.key != "" {
		o.Text("key", m.key)
	}
	if len(m.events) > 0 {
		o.Raw("events", listJSON(m.events))
	}
	if len(fields) > 0 {
		o.Raw("fields", fieldsJSON(fields))
	}
	return o.Text("sdk", "refold-go").JSON()
}

func listJSON(list []string) []byte {
	text := []byte{'['}
	for i, s := range list {
		if i > 0 {
			text = append(text, ',')
		}
		text = value.AppendString(text, s)
	}
	return append(text, ']')
}

func fieldsJSON(fields []field) []byte {
	text := []byte{'['}
	for i, f := range fields {
		if i > 0 {
			text = append(text, ',')
		}
		var o Object
		text = append(text, o.Text("path", f.path).Text("type", f.kind).JSON()...)
	}
	return append(text, ']')
}
