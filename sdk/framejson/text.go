package framejson

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Text is a run of bytes: a JSON string where it is UTF-8, else
// {"hex": "digits"}.
type Text []byte

type hexText struct {
	Hex string `json:"hex"`
}

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) {
	if utf8.Valid(t) {
		return json.Marshal(string(t))
	}
	return json.Marshal(hexText{hex.EncodeToString(t)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(in []byte) error {
	var s string
	if json.Unmarshal(in, &s) == nil {
		*t = Text(s)
		return nil
	}
	var h hexText
	if err := json.Unmarshal(in, &h); err != nil {
		return fmt.Errorf("text: neither a string nor {\"hex\": …}: %w", err)
	}
	b, err := hex.DecodeString(h.Hex)
	*t = b
	return err
}

// optional is nil for what is not there, and otherwise never nil.
func optional(b []byte, ok bool) *Text {
	if !ok {
		return nil
	}
	t := Text(append([]byte{}, b...))
	return &t
}
