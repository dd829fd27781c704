package refoldtest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
)

// lookUp returns the value at a path of names and dots, or nil.
func lookUp(data json.RawMessage, path string) json.RawMessage {
	for name := range strings.SplitSeq(path, ".") {
		var object map[string]json.RawMessage
		if json.Unmarshal(data, &object) != nil {
			return nil
		}
		data = object[name]
	}
	return data
}

// decodeSlot decodes a JSON value, nil for an absent one, by the rules of
// ABI.md, "Slots".
func decodeSlot(value json.RawMessage, as manifest.FieldType) frame.Slot {
	if len(value) == 0 {
		return frame.Slot{}
	}
	switch value[0] {
	case 'n':
		return frame.Slot{}
	case 't', 'f':
		return frame.BoolSlot(value[0] == 't')
	case '{', '[':
		return frame.BytesSlot(frame.JSON, value)
	case '"':
		var s string
		if json.Unmarshal(value, &s) != nil {
			return frame.Slot{}
		}
		return decodeString(s, as)
	}
	return decodeNumber(string(value), as)
}

func decodeString(s string, as manifest.FieldType) frame.Slot {
	switch as {
	case manifest.UUID:
		if id, ok := parseUUID(s); ok {
			return frame.BytesSlot(frame.UUID, id)
		}
	case manifest.Time:
		t, err := time.Parse(time.RFC3339Nano, s)
		if err == nil && time.Unix(0, t.UnixNano()).Equal(t) {
			return frame.TimeSlot(t.UnixNano())
		}
	case manifest.Bytes:
		b, err := base64.StdEncoding.Strict().DecodeString(s)
		if err == nil && !strings.ContainsAny(s, "\r\n") {
			return frame.BytesSlot(frame.Bytes, b)
		}
	}
	return frame.BytesSlot(frame.String, []byte(s))
}

func parseUUID(s string) (id []byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return nil, false
	}
	id, err := hex.DecodeString(s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:])
	return id, err == nil
}

func decodeNumber(text string, as manifest.FieldType) frame.Slot {
	if as != manifest.F64 {
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			return frame.IntSlot(v)
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(v, 0) {
		return frame.BytesSlot(frame.JSON, []byte(text))
	}
	return frame.FloatSlot(v)
}

// keyText returns a value as the key of a group; ok is false for an absent
// value, whose event belongs to no key.
func keyText(value json.RawMessage) (key string, ok bool, err error) {
	if len(value) == 0 || value[0] == 'n' {
		return "", false, nil
	}
	switch value[0] {
	case '"':
		err := json.Unmarshal(value, &key)
		return key, true, err
	case '{', '[':
		return "", false, errors.New("an object or an array is no key")
	}
	return string(value), true, nil
}
