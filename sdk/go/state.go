package refold

import (
	"encoding"
	"encoding/json"
)

// encodeState appends a state to dst: as it says itself, or as JSON.
func encodeState[S any](dst []byte, s *S) ([]byte, error) {
	if own, ok := any(s).(encoding.BinaryAppender); ok {
		return own.AppendBinary(dst)
	}
	text, err := json.Marshal(s)
	return append(dst, text...), err
}

func decodeState[S any](text []byte, s *S) error {
	if own, ok := any(s).(encoding.BinaryUnmarshaler); ok {
		return own.UnmarshalBinary(text)
	}
	return json.Unmarshal(text, s)
}
