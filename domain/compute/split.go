package compute

import (
	"bytes"
	"encoding/json"

	"github.com/refold-dev/refold/domain/jsontext"
)

// splitFields adds the fields of an object, and reports whether the text is one,
// without a field twice. Where it is not, or is nested very deeply, decodeFields
// has the last word.
func (o *object) splitFields(s []byte) bool {
	s, ok := after(s, '{')
	if !ok {
		return false
	}
	if rest, empty := after(s, '}'); empty {
		return len(rest) == 0
	}
	for {
		name := s[:jsontext.Scan(s)]
		if s, ok = after(s[len(name):], ':'); !ok || len(name) == 0 || name[0] != '"' {
			return false
		}
		n := jsontext.Scan(s)
		if n == 0 || o.add(fieldName(name), s[:n:n]) != nil {
			return false
		}
		rest, more := after(s[n:], ',')
		if !more {
			rest, ok = after(s[n:], '}')
			return ok && len(rest) == 0
		}
		s = rest
	}
}

// after is what follows a character and the space around it.
func after(s []byte, c byte) (rest []byte, ok bool) {
	s = skipSpace(s)
	if len(s) == 0 || s[0] != c {
		return s, false
	}
	return skipSpace(s[1:]), true
}

func skipSpace(s []byte) []byte { return bytes.TrimLeft(s, " \t\r\n") }

// fieldName is what a quoted name stands for.
func fieldName(quoted []byte) (name string) {
	plain := quoted[1 : len(quoted)-1]
	if bytes.IndexFunc(plain, func(r rune) bool { return r == '\\' || r > '~' }) < 0 {
		return string(plain)
	}
	_ = json.Unmarshal(quoted, &name) // it is a string
	return name
}
