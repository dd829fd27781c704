package rows

import (
	"strings"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// plain decodes the members of a JSON object into r where it is written as machines
// mostly do: without space, and with no value but numbers, words, and strings without
// escapes. That needs one pass, and no tree. It reports whether it has; if not, r is
// of no use, and parsed is to tell what the body is.
func (d *decoder) plain(t *Writes, body []byte, r Row) bool {
	if len(body) < 2 || body[0] != '{' || !utf8.Valid(body) {
		return false
	}
	for rest := string(body[1:]); ; {
		name, after, ok := cutString(rest)
		if !ok || after == "" || after[0] != ':' {
			return false
		}
		i, ok := t.place[name]
		if !ok || r[i] != (Unset{}) {
			return false
		}
		given, text, after, ok := cutScalar(after[1:])
		if !ok || after == "" || t.Table.Columns[i].Type == JSON {
			return false
		}
		v, reason := d.fromScalar(t.Table.Columns[i].Type, given, text, t.InKey[i])
		if reason != "" || v == nil && t.InKey[i] {
			return false
		}
		r[i] = v
		if after[0] == '}' {
			return len(after) == 1
		}
		if after[0] != ',' {
			return false
		}
		rest = after[1:]
	}
}

// cutScalar cuts a value that is no array and no object off a JSON text: what is
// between a string's quotes, a number as written, or a word.
func cutScalar(text string) (given fastjson.Type, value, rest string, ok bool) {
	if text == "" {
		return 0, "", "", false
	}
	switch text[0] {
	case '"':
		value, rest, ok = cutString(text)
		return fastjson.TypeString, value, rest, ok
	case 't':
		rest, ok = strings.CutPrefix(text, "true")
		return fastjson.TypeTrue, "", rest, ok
	case 'f':
		rest, ok = strings.CutPrefix(text, "false")
		return fastjson.TypeFalse, "", rest, ok
	case 'n':
		rest, ok = strings.CutPrefix(text, "null")
		return fastjson.TypeNull, "", rest, ok
	}
	n, ok := numberLength(text)
	return fastjson.TypeNumber, text[:n], text[n:], ok
}

// cutString cuts a string without escapes off a JSON text.
func cutString(text string) (value, rest string, ok bool) {
	if text == "" || text[0] != '"' {
		return "", "", false
	}
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return text[1:i], text[i+1:], true
		case c == '\\' || c < ' ':
			return "", "", false
		}
	}
	return "", "", false
}

// numberLength is the length of the number that a JSON text begins with.
func numberLength(text string) (n int, ok bool) {
	if strings.HasPrefix(text, "-") {
		n++
	}
	whole := digits(text[n:])
	if whole == 0 || whole > 1 && text[n] == '0' {
		return 0, false
	}
	n += whole
	if strings.HasPrefix(text[n:], ".") {
		fraction := digits(text[n+1:])
		if fraction == 0 {
			return 0, false
		}
		n += 1 + fraction
	}
	if n == len(text) || text[n] != 'e' && text[n] != 'E' {
		return n, true
	}
	if n++; n < len(text) && (text[n] == '+' || text[n] == '-') {
		n++
	}
	exponent := digits(text[n:])
	return n + exponent, exponent > 0
}

// digits is how many a text begins with.
func digits(text string) (n int) {
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
}
