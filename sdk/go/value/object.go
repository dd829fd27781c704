package value

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// Object writes a JSON object, name by name in the order of the calls. The zero
// Object is empty and ready for use.
type Object struct {
	buf []byte
}

// Reset empties the object and keeps its memory.
func (o *Object) Reset() { o.buf = o.buf[:0] }

// JSON returns the object as JSON text, valid until the next call.
func (o *Object) JSON() []byte {
	if len(o.buf) == 0 {
		o.buf = append(o.buf, '{')
	}
	o.buf = append(o.buf, '}')
	text := o.buf
	o.buf = o.buf[:len(o.buf)-1]
	if len(o.buf) == 1 {
		o.buf = o.buf[:0]
	}
	return text
}

// Text adds a string. What is not UTF-8 in it becomes U+FFFD.
func (o *Object) Text(name, value string) *Object {
	o.name(name)
	o.buf = AppendString(o.buf, value)
	return o
}

// Int adds an integer.
func (o *Object) Int(name string, value int64) *Object {
	o.name(name)
	o.buf = strconv.AppendInt(o.buf, value, 10)
	return o
}

// Uint adds an integer that is not negative.
func (o *Object) Uint(name string, value uint64) *Object {
	o.name(name)
	o.buf = strconv.AppendUint(o.buf, value, 10)
	return o
}

// Float adds a number, laid out as package encoding/json does; what JSON has no
// number for becomes null.
func (o *Object) Float(name string, value float64) *Object {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return o.Null(name)
	}
	o.name(name)
	o.buf = appendFloat(o.buf, value)
	return o
}

// Bool adds true or false.
func (o *Object) Bool(name string, value bool) *Object {
	o.name(name)
	o.buf = strconv.AppendBool(o.buf, value)
	return o
}

// Null adds a null.
func (o *Object) Null(name string) *Object { return o.Raw(name, []byte("null")) }

// UUID adds a UUID in its 36-character form.
func (o *Object) UUID(name string, value UUID) *Object {
	o.name(name)
	o.buf = append(o.buf, '"')
	o.buf = value.appendText(o.buf)
	o.buf = append(o.buf, '"')
	return o
}

// Time adds a time in RFC 3339, in UTC, with nanoseconds where it has some.
func (o *Object) Time(name string, value time.Time) *Object {
	o.name(name)
	o.buf = append(o.buf, '"')
	o.buf = value.UTC().AppendFormat(o.buf, time.RFC3339Nano)
	o.buf = append(o.buf, '"')
	return o
}

// Raw adds a value that is JSON text already.
func (o *Object) Raw(name string, json []byte) *Object {
	o.name(name)
	o.buf = append(o.buf, json...)
	return o
}

func (o *Object) name(name string) {
	if len(o.buf) == 0 {
		o.buf = append(o.buf, '{')
	} else {
		o.buf = append(o.buf, ',')
	}
	o.buf = AppendString(o.buf, name)
	o.buf = append(o.buf, ':')
}

// appendFloat appends the fewest digits that say which float it is, with an
// exponent for what is small or large. All kits do it so.
func appendFloat(dst []byte, value float64) []byte {
	size := math.Abs(value)
	if size == 0 || size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(dst, value, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, value, 'e', -1, 64)
	if n := len(dst); dst[n-4] == 'e' && dst[n-2] == '0' { // e-07
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// AppendString appends a JSON string. What is not UTF-8 in it becomes U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		dst = appendASCII(dst, c)
		i++
	}
	return append(dst, '"')
}

func appendASCII(dst []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c == '\n':
		return append(dst, '\\', 'n')
	case c == '\r':
		return append(dst, '\\', 'r')
	case c == '\t':
		return append(dst, '\\', 't')
	case c < ' ':
		return append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
	}
	return append(dst, c)
}
