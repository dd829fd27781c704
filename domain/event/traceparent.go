package event

import (
	"bytes"
	"encoding/json"
)

// traceparentKey is the key of metadata under which stands the trace that an event was
// appended in, as the header of W3C Trace Context has it.
const traceparentKey = "traceparent"

// Traceparent is the trace that the event was appended in, such as
// "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", as its author states it;
// empty if there is none.
func (e *Event) Traceparent() string {
	if !hasTraceparent(e.Metadata) {
		return ""
	}
	var metadata struct {
		Traceparent string `json:"traceparent"`
	}
	if json.Unmarshal(e.Metadata, &metadata) != nil {
		return ""
	}
	return metadata.Traceparent
}

// WithTraceparent is the event with a trace in its metadata, if it has none there yet.
func (e Event) WithTraceparent(traceparent string) Event {
	text, _ := json.Marshal(traceparent) // of a text this never fails
	member := `"` + traceparentKey + `":` + string(text)
	rest, isObject := bytes.CutPrefix(bytes.TrimSpace(e.Metadata), []byte("{"))
	rest = bytes.TrimSpace(rest)
	switch {
	case len(e.Metadata) == 0:
		e.Metadata = json.RawMessage("{" + member + "}")
	case !isObject || hasTraceparent(e.Metadata): // Validate says that it is no object
	case bytes.HasPrefix(rest, []byte("}")):
		e.Metadata = json.RawMessage("{" + member + string(rest))
	default:
		e.Metadata = json.RawMessage("{" + member + "," + string(rest))
	}
	return e
}

// sameMetadata reports whether metadata says the same, but for the trace: an append that
// is repeated in another one is a repetition all the same.
func sameMetadata(a, b []byte) bool {
	return sameJSON(a, b) || (hasTraceparent(a) || hasTraceparent(b)) && sameJSON(withoutTrace(a), withoutTrace(b))
}

// withoutTrace is metadata without its trace, with its keys in order; nil if nothing is
// left.
func withoutTrace(metadata []byte) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(metadata, &members) != nil {
		return metadata
	}
	delete(members, traceparentKey)
	text, err := json.Marshal(members)
	if err != nil || len(members) == 0 {
		return nil
	}
	return text
}

// hasTraceparent reports whether metadata may have a trace.
func hasTraceparent(metadata []byte) bool {
	return bytes.Contains(metadata, []byte(`"`+traceparentKey+`"`))
}
