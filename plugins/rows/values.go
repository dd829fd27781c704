package rows

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// fromJSON converts a JSON value to what a column of the type holds, or says
// why it does not fit.
func (d *decoder) fromJSON(typ Type, v *fastjson.Value, inKey bool) (any, string) {
	if typ == JSON {
		// Before anything looks at v's type, a string in it is still as it was
		// written.
		if text := string(v.MarshalTo(nil)); text != "null" {
			return text, ""
		}
		return nil, ""
	}
	text := ""
	switch v.Type() {
	case fastjson.TypeString:
		text = string(v.GetStringBytes())
	case fastjson.TypeNumber:
		text = d.numberText(v)
	}
	return d.fromScalar(typ, v.Type(), text, inKey)
}

// fromScalar converts a string's text, a number as written, or a word, for a column of
// any type but JSON.
func (d *decoder) fromScalar(typ Type, given fastjson.Type, text string, inKey bool) (any, string) {
	switch {
	case given == fastjson.TypeNull:
		return nil, ""
	case given == fastjson.TypeString && typ.writtenAsString():
		return d.fromText(typ, text, inKey)
	case given == fastjson.TypeNumber && typ == Integer:
		return integerFromText(text)
	case given == fastjson.TypeNumber && typ == Real:
		return realFromText(text)
	case given == fastjson.TypeTrue && typ == Boolean:
		return d.dialect.Boolean(true), ""
	case given == fastjson.TypeFalse && typ == Boolean:
		return d.dialect.Boolean(false), ""
	}
	return nil, fmt.Sprintf("is of JSON type %s, which does not fit %s", jsonType(given), typ)
}

func jsonType(t fastjson.Type) string {
	if t == fastjson.TypeTrue || t == fastjson.TypeFalse {
		return "boolean"
	}
	return t.String()
}

func (t Type) writtenAsString() bool { return t == Text || t == Blob || t == Time }

// numberText is the number as written.
func (d *decoder) numberText(v *fastjson.Value) string {
	d.number = v.MarshalTo(d.number[:0])
	return string(d.number)
}

// fromText converts the text of a value whose type may be part of a key.
func (d *decoder) fromText(typ Type, text string, inKey bool) (any, string) {
	switch typ {
	case Text:
		return d.textFromText(text)
	case Integer:
		return integerFromText(text)
	case Time:
		return d.timeFromText(text, inKey)
	case Blob:
		return blobFromText(text)
	}
	switch text {
	case "true":
		return d.dialect.Boolean(true), ""
	case "false":
		return d.dialect.Boolean(false), ""
	}
	return nil, "is neither true nor false"
}

func (d *decoder) textFromText(text string) (any, string) {
	if !utf8.ValidString(text) {
		return nil, "is not valid UTF-8"
	}
	if d.dialect.Text != nil {
		if reason := d.dialect.Text(text); reason != "" {
			return nil, reason
		}
	}
	return text, ""
}

func blobFromText(text string) (any, string) {
	// The package base64 passes over line ends.
	blob, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, "is not standard base64"
	}
	return blob, ""
}

func integerFromText(text string) (any, string) {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return nil, "is out of the range of 64-bit integers"
	case err != nil:
		return nil, "is not an integer"
	}
	return n, ""
}

func realFromText(text string) (any, string) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, "is out of the range of 64-bit floats"
	}
	if f == 0 {
		f = 0 // not all databases keep the sign
	}
	return f, ""
}

func (d *decoder) timeFromText(text string, inKey bool) (any, string) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil, "is not a time in RFC 3339"
	}
	if at = at.UTC(); at.Year() < 0 || at.Year() > 9999 {
		return nil, "is, in UTC, out of the years 0 to 9999"
	}
	form, exact := d.dialect.Time(at)
	if inKey && !exact {
		return nil, "is finer than what the database keeps of a time, and part of the primary key"
	}
	return form, ""
}

// hasLoneSurrogate reports whether valid JSON escapes half of a UTF-16 pair,
// which no UTF-8 text can hold.
func hasLoneSurrogate(text []byte) bool {
	for {
		at := bytes.IndexByte(text, '\\')
		if at < 0 {
			return false
		}
		text = text[at:]
		if text[1] != 'u' {
			text = text[2:]
			continue
		}
		r := escapedUnit(text)
		text = text[6:]
		if !utf16.IsSurrogate(r) {
			continue
		}
		if !bytes.HasPrefix(text, []byte(`\u`)) || utf16.DecodeRune(r, escapedUnit(text)) == '\uFFFD' {
			return true
		}
		text = text[6:]
	}
}

// escapedUnit is the number in an escape of the form \uXXXX.
func escapedUnit(text []byte) rune {
	n, _ := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(n)
}
