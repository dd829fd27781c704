package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Request is what somebody wants of a replay.
type Request struct {
	Pipeline string `json:"pipeline"`
}

// Validate reports what cannot be wanted.
func (r *Request) Validate() error {
	if r.Pipeline == "" {
		return errors.New("pipeline: it names none")
	}
	return nil
}

// ParseRequest reads a request as JSON, which has nothing else, and validates it.
func ParseRequest(text []byte) (r Request, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("reading the request: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return r, errors.New("reading the request: there is more behind it")
	}
	return r, r.Validate()
}
