package feed

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/valyala/fastjson"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
)

// field is a manifest's field, ready to be looked up.
type field struct {
	path []string
	typ  manifest.FieldType
}

func newFields(list []manifest.Field) []field {
	fields := make([]field, len(list))
	for i, f := range list {
		fields[i] = field{strings.Split(f.Path, "."), f.Type}
	}
	return fields
}

// find returns the value at a path of names, or nil. A name leads into an
// object only, never into an array; of a name that an object has twice, the
// last counts, as for most readers of JSON.
func find(v *fastjson.Value, path []string) *fastjson.Value {
	for _, name := range path {
		object := v.GetObject()
		v = nil
		object.Visit(func(key []byte, value *fastjson.Value) {
			if string(key) == name {
				v = value
			}
		})
	}
	return v
}

// slot decodes the field of a payload: as the type that the manifest asks for
// or, where the value does not fit, as the kind that it has in JSON. The slot
// refers to scratch, which grows by the value's text.
func (f field) slot(payload *fastjson.Value, scratch []byte) (frame.Slot, []byte) {
	v := find(payload, f.path)
	if v == nil {
		return frame.Slot{}, scratch
	}
	start := len(scratch)
	scratch = v.MarshalTo(scratch)
	return f.decode(scratch[start:]), scratch
}

func (f field) decode(text []byte) frame.Slot {
	switch text[0] {
	case 'n':
		return frame.Slot{}
	case 't', 'f':
		return frame.BoolSlot(text[0] == 't')
	case '{', '[':
		return frame.BytesSlot(frame.JSON, text)
	case '"':
		return f.decodeString(unquote(text))
	}
	return f.decodeNumber(text)
}

func (f field) decodeNumber(text []byte) frame.Slot {
	if f.typ != manifest.F64 {
		if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
			return frame.IntSlot(n)
		}
	}
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.IsInf(n, 0) {
		return frame.BytesSlot(frame.JSON, text)
	}
	return frame.FloatSlot(n)
}

func (f field) decodeString(s []byte) frame.Slot {
	switch f.typ {
	case manifest.UUID:
		if id, err := uuid.ParseBytes(s); err == nil && len(s) == 36 {
			return frame.BytesSlot(frame.UUID, id[:])
		}
	case manifest.Time:
		t, err := time.Parse(time.RFC3339Nano, string(s))
		if err == nil && time.Unix(0, t.UnixNano()).Equal(t) { // else out of range
			return frame.TimeSlot(t.UnixNano())
		}
	case manifest.Bytes:
		raw, err := base64.StdEncoding.Strict().AppendDecode(nil, s)
		if err == nil && !bytes.ContainsAny(s, "\r\n") {
			return frame.BytesSlot(frame.Bytes, raw)
		}
	}
	return frame.BytesSlot(frame.String, s)
}

// unquote returns the text of a JSON string, as valid UTF-8.
func unquote(quoted []byte) []byte {
	text := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text) {
		return text
	}
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return bytes.ToValidUTF8(text, []byte("\uFFFD")) // no JSON: the parser has let it pass
	}
	return []byte(s)
}
