package plugintest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// What is no JSON has one of these as the only member of an object.
const (
	textForm = "$text"
	hexForm  = "$hex"
)

// jsonOf returns bytes as a JSON value: as they are where they are one.
func jsonOf(b []byte) json.RawMessage {
	var value any
	switch {
	case json.Valid(b):
		return b
	case utf8.Valid(b):
		value = map[string]string{textForm: string(b)}
	default:
		value = map[string]string{hexForm: hex.EncodeToString(b)}
	}
	text, _ := json.Marshal(value) // of texts never fails
	return text
}

// bytesOf is the inverse of jsonOf.
func bytesOf(value json.RawMessage) []byte {
	var form map[string]string
	if json.Unmarshal(value, &form) != nil || len(form) != 1 {
		return value
	}
	if text, ok := form[textForm]; ok {
		return []byte(text)
	}
	if digits, ok := form[hexForm]; ok {
		if b, err := hex.DecodeString(digits); err == nil {
			return b
		}
	}
	return value
}

// node makes YAML of a JSON value, its members in their order.
func node(value json.RawMessage) *yaml.Node {
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber()
	return nodeOf(dec)
}

func nodeOf(dec *json.Decoder) *yaml.Node {
	token, err := dec.Token()
	if err != nil {
		return scalar("null")
	}
	switch v := token.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		if v == '{' {
			n.Kind = yaml.MappingNode
		}
		for dec.More() {
			n.Content = append(n.Content, nodeOf(dec))
		}
		_, _ = dec.Token() // the closing one
		if isLeaf(n) {
			n.Style = yaml.FlowStyle
		}
		return n
	case json.Number:
		return scalar(v.String())
	case string:
		return textNode(v)
	case bool:
		return scalar(strconv.FormatBool(v))
	}
	return scalar("null")
}

// isLeaf reports whether there are no lists or mappings in one.
func isLeaf(n *yaml.Node) bool {
	return !slices.ContainsFunc(n.Content, func(child *yaml.Node) bool { return child.Kind != yaml.ScalarNode })
}

func scalar(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }

func textNode(value string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
	if value == "<<" { // or it would stand for a merge
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// normal brings YAML into the form in which equal values are equal texts: members
// sorted, numbers written one way.
func normal(n *yaml.Node) *yaml.Node {
	out := &yaml.Node{Kind: n.Kind, Tag: n.Tag, Value: n.Value}
	for _, child := range n.Content {
		out.Content = append(out.Content, normal(child))
	}
	switch {
	case n.Kind == yaml.MappingNode:
		sortMembers(out)
	case n.Kind == yaml.ScalarNode && n.Tag == "":
		out.Value = number(n.Value)
	}
	if n.Kind != yaml.ScalarNode && len(n.Content) == 0 {
		out.Style = yaml.FlowStyle
	}
	return out
}

func sortMembers(n *yaml.Node) {
	var pairs [][2]*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		pairs = append(pairs, [2]*yaml.Node{n.Content[i], n.Content[i+1]})
	}
	slices.SortStableFunc(pairs, func(a, b [2]*yaml.Node) int { return strings.Compare(a[0].Value, b[0].Value) })
	n.Content = n.Content[:0]
	for _, p := range pairs {
		n.Content = append(n.Content, p[0], p[1])
	}
}

// number writes a number the shortest way; an integer of any size stays.
func number(text string) string {
	if !strings.ContainsAny(text, ".eE") {
		return text
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// lines is YAML as text.
func lines(n *yaml.Node) string {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(n); err != nil {
		return err.Error()
	}
	return b.String()
}
