package compute

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// DecodeError is JSON that is not what it should be.
type DecodeError struct {
	Field string // "" if no field is to blame
	Err   error
}

func (e *DecodeError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("decode: %v", e.Err)
	}
	return fmt.Sprintf("decode field %q: %v", e.Field, e.Err)
}

func (e *DecodeError) Unwrap() error { return e.Err }

// object is a JSON object whose fields are taken out one by one. What is wrong
// with one of them is kept, the first wins, and close tells. Names are compared
// exactly, and none may occur twice: encoding/json is lenient in both.
type object struct {
	fields map[string]json.RawMessage
	err    error
}

func parseObject(data []byte) (*object, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, &DecodeError{Err: errors.New("must be a JSON object")}
	}
	o := &object{fields: map[string]json.RawMessage{}}
	for dec.More() {
		if err := o.readField(dec); err != nil {
			return nil, err
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, &DecodeError{Err: fmt.Errorf("not valid JSON: %w", err)}
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, &DecodeError{Err: errors.New("more than one JSON value")}
	}
	return o, nil
}

func (o *object) readField(dec *json.Decoder) error {
	key, err := dec.Token()
	if err != nil {
		return &DecodeError{Err: fmt.Errorf("not valid JSON: %w", err)}
	}
	name := key.(string) // the decoder lets nothing else stand here
	var value json.RawMessage
	if err := dec.Decode(&value); err != nil {
		return &DecodeError{name, fmt.Errorf("not valid JSON: %w", err)}
	}
	if _, twice := o.fields[name]; twice {
		return &DecodeError{name, errors.New("is given twice")}
	}
	o.fields[name] = value
	return nil
}

// take removes a field that must be there and returns its value.
func take[T any](o *object, name string) T {
	v := takeOptional[T](o, name)
	if v == nil {
		o.fail(name, errors.New("is missing or null"))
		return *new(T)
	}
	return *v
}

// takeOptional removes a field; nil if it is absent or null.
func takeOptional[T any](o *object, name string) *T {
	raw, ok := o.fields[name]
	delete(o.fields, name)
	if !ok || string(raw) == "null" {
		return nil
	}
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		o.fail(name, reword(err))
	}
	return v
}

// reword speaks of JSON where encoding/json speaks of Go.
func reword(err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return fmt.Errorf("must not be a JSON %s", wrongType.Value)
	}
	return err
}

func (o *object) fail(name string, err error) {
	if o.err == nil {
		o.err = &DecodeError{name, err}
	}
}

// close returns the first error, or one for a field that nobody took.
func (o *object) close() error {
	if o.err == nil && len(o.fields) > 0 {
		first := slices.Min(slices.Collect(maps.Keys(o.fields)))
		o.fail(first, errors.New("is not a field here"))
	}
	return o.err
}
