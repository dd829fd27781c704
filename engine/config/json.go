package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// JSON is any value, as JSON on one line; nil if it is not given. Numbers are
// kept as they are written where JSON writes them the same way.
type JSON json.RawMessage

// MarshalJSON writes the value itself.
func (j JSON) MarshalJSON() ([]byte, error) { return json.RawMessage(j).MarshalJSON() }

// UnmarshalJSON keeps the value as it is.
func (j *JSON) UnmarshalJSON(text []byte) error {
	*j = append((*j)[:0], text...)
	return nil
}

func (j *JSON) decodeNode(d *decoder, n *yaml.Node) {
	before := len(d.errs)
	*j = d.appendJSON(nil, n)
	if len(d.errs) > before {
		*j = JSON("null") // a value that later rules have nothing against
	}
}

// Members are written as a mapping from any name to any value; their order is
// kept.
type Members []Member

// Member is one of Members.
type Member struct {
	Name  string
	Value JSON
	Pos   Pos // of the value
}

func (m *Members) decodeNode(d *decoder, n *yaml.Node) {
	*m = Members{}
	d.named(n, "a mapping", "write `name: value`, one a line", "%q is there twice", func(name string, value *yaml.Node) {
		member := Member{Name: name, Pos: d.pos(value)}
		member.Value.decodeNode(d, value)
		*m = append(*m, member)
	})
}

// Value is any value; of a mapping, its members, too.
type Value struct {
	JSON    JSON
	Members Members // nil for what is no mapping
}

func (v *Value) decodeNode(d *decoder, n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.MappingNode {
		v.JSON.decodeNode(d, n)
		return
	}
	v.Members.decodeNode(d, n)
	v.JSON = append(v.JSON[:0], '{')
	for i, m := range v.Members {
		if i > 0 {
			v.JSON = append(v.JSON, ',')
		}
		v.JSON = append(append(appendText(v.JSON, m.Name), ':'), m.Value...)
	}
	v.JSON = append(v.JSON, '}')
}

// bytesPerValue is how long a text may be to count as one value.
const bytesPerValue = 64

// appendJSON appends a value to dst.
func (d *decoder) appendJSON(dst []byte, n *yaml.Node) []byte {
	d.values += 1 + len(n.Value)/bytesPerValue
	if d.values > maxValues {
		return dst // Parse tells
	}
	switch n.Kind {
	case yaml.AliasNode:
		return d.appendJSON(dst, n.Alias)
	case yaml.MappingNode:
		return d.appendObject(dst, n)
	case yaml.SequenceNode:
		dst = append(dst, '[')
		for i, item := range n.Content {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = d.appendJSON(dst, item)
		}
		return append(dst, ']')
	}
	return d.appendScalar(dst, n)
}

func (d *decoder) appendObject(dst []byte, n *yaml.Node) []byte {
	dst = append(dst, '{')
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str":
			d.fail(key, "a key of a JSON object is a text; put it in quotes", "expected a text as key, found %s", kindOf(key))
		case seen[key.Value]:
			d.fail(key, "remove one of the two", "key %q is set twice", key.Value)
		}
		seen[key.Value] = true
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, key.Value), ':')
		dst = d.appendJSON(dst, n.Content[i+1])
	}
	return append(dst, '}')
}

func (d *decoder) appendScalar(dst []byte, n *yaml.Node) []byte {
	if _, expanded := d.expanded[n]; expanded && n.Style == 0 && isJSONWord(n.Value) {
		return append(dst, n.Value...)
	}
	switch n.ShortTag() {
	case "!!str":
		return appendText(dst, n.Value)
	case "!!null":
		return append(dst, "null"...)
	case "!!bool":
		var b bool
		if n.Decode(&b) == nil {
			return fmt.Appendf(dst, "%t", b)
		}
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return append(dst, n.Value...)
		}
		var number any
		if n.Decode(&number) == nil {
			if text, err := json.Marshal(number); err == nil {
				return append(dst, text...)
			}
		}
	}
	d.fail(n, fmt.Sprintf("put it in quotes if it is a text: %q", n.Value), "%s has no JSON form", n.Value)
	return dst
}

// isJSONWord reports whether a text is a number, true, false or null, as JSON writes
// them.
func isJSONWord(s string) bool {
	return s != "" && !strings.ContainsAny(s[:1], "\"{[ \t\r\n") && json.Valid([]byte(s)) && strings.TrimSpace(s) == s
}

func appendText(dst []byte, s string) []byte {
	buf := bytes.NewBuffer(dst)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return dst // cannot be: every string has a JSON form
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}
