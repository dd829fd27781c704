package catalog

import (
	"bytes"
	"encoding/json"

	"github.com/refold-dev/refold/domain/event"
)

// scanner walks over JSON that is known to be valid, so it looks only for where
// values end.
type scanner struct {
	data []byte
	at   int
}

// parsePayload takes a payload apart. Its fields share data's memory.
func parsePayload(data []byte) (*Object, error) {
	if !json.Valid(data) {
		return nil, &event.FieldError{Field: "data", Reason: "is not valid JSON"}
	}
	data = bytes.TrimLeft(data, " \t\r\n")
	if data[0] != '{' {
		return nil, &event.FieldError{Field: "data", Reason: "must be a JSON object"}
	}
	return parseObject(data, "")
}

// parseObject takes a valid JSON object apart. A key twice is an error: which
// of the two counts is nothing that readers agree on.
func parseObject(data []byte, path string) (*Object, error) {
	s := scanner{data: data, at: 1}
	o := &Object{path: path, members: make([]member, 0, 8)}
	seen := names{}
	for s.space(); s.data[s.at] != '}'; s.space() {
		key := s.value()
		s.space()
		s.at++ // the colon
		s.space()
		m := member{name: unquote(key), key: key, value: s.value()}
		if seen.add(o.members, m.name) {
			return nil, &InvalidFieldError{o.full(m.name), "is given twice"}
		}
		o.members = append(o.members, m)
		if s.space(); s.data[s.at] == ',' {
			s.at++
		}
	}
	return o, nil
}

// unquote returns what a JSON string says.
func unquote(key []byte) string {
	if bytes.IndexByte(key, '\\') < 0 {
		return string(key[1 : len(key)-1])
	}
	var name string
	if err := json.Unmarshal(key, &name); err != nil {
		return string(key) // cannot be: the JSON is valid
	}
	return name
}

func (s *scanner) space() {
	for {
		switch s.data[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// value passes over the value that begins here and returns it. Appending to it
// copies it.
func (s *scanner) value() []byte {
	start := s.at
	switch s.data[s.at] {
	case '"':
		s.text()
	case '{', '[':
		s.nested()
	default:
		n := bytes.IndexAny(s.data[s.at:], ",]} \t\r\n")
		s.at += n
	}
	return s.data[start:s.at:s.at]
}

func (s *scanner) text() {
	for s.at++; s.data[s.at] != '"'; s.at++ {
		if s.data[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
}

func (s *scanner) nested() {
	for depth := 0; ; {
		switch s.data[s.at] {
		case '"':
			s.text()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if s.at++; depth == 0 {
			return
		}
	}
}

// names finds keys that occur twice: in few members by looking, in many by a
// map, so that no payload takes quadratic time.
type names struct{ all map[string]bool }

const fewMembers = 16

// add reports whether name is among the members already.
func (n *names) add(members []member, name string) (twice bool) {
	if len(members) < fewMembers {
		for i := range members {
			if members[i].name == name {
				return true
			}
		}
		return false
	}
	if n.all == nil {
		n.all = make(map[string]bool, 4*fewMembers)
		for i := range members {
			n.all[members[i].name] = true
		}
	}
	twice = n.all[name]
	n.all[name] = true
	return twice
}
