package rows

import (
	"encoding/json"
	"fmt"
	"math"
)

// Answer is a query's rows, as a JSON array of objects, within bounds.
type Answer struct {
	bounds Queries
	names  [][]byte
	count  int
	text   []byte
}

// NewAnswer begins the answer to a query whose columns have names. It says why it
// cannot be one.
func NewAnswer(names []string, bounds Queries) (a *Answer, reason string) {
	a = &Answer{bounds: bounds, text: []byte{'['}}
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[name] {
			return nil, fmt.Sprintf("has two columns called %.64q; name them with AS", name)
		}
		seen[name] = true
		a.names = append(a.names, appendJSON(nil, name))
	}
	return a, ""
}

// Add adds a row: of each column nil, a bool, int64, float64, string, []byte, which
// becomes base64, or a [json.RawMessage]. It says which bound has been passed.
func (a *Answer) Add(values []any) (reason string) {
	if a.count++; a.count > a.bounds.Rows {
		return fmt.Sprintf("has more than %d rows; give it a LIMIT", a.bounds.Rows)
	}
	if a.count > 1 {
		a.text = append(a.text, ',')
	}
	a.text = append(a.text, '{')
	for i, v := range values {
		if i > 0 {
			a.text = append(a.text, ',')
		}
		a.text = append(append(a.text, a.names[i]...), ':')
		a.text = appendJSON(a.text, v)
	}
	a.text = append(a.text, '}')
	if len(a.text) >= a.bounds.Bytes {
		return fmt.Sprintf("has an answer of more than %d bytes", a.bounds.Bytes)
	}
	return ""
}

// JSON is the answer.
func (a *Answer) JSON() json.RawMessage { return append(a.text, ']') }

// appendJSON appends a value. A float that JSON has no number for is a string.
func appendJSON(dst []byte, v any) []byte {
	if f, ok := v.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		v = fmt.Sprint(f)
	}
	text, err := json.Marshal(v)
	if err != nil { // a database's own JSON that is none
		text, _ = json.Marshal(fmt.Sprint(v))
	}
	return append(dst, text...)
}
