package compute

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	fields []field // those that have not been taken
	err    error
}

type field struct {
	name  string
	value json.RawMessage // a part of what was parsed
}

// parseObject splits an object into its fields.
func parseObject(data []byte) (*object, error) {
	fast := &object{}
	if fast.splitFields(data) {
		return fast, nil
	}
	o := &object{}
	if err := o.decodeFields(data); err != nil {
		return nil, err
	}
	return o, nil
}

// decodeFields is parseObject by the decoder: slower by far, and able to say
// what is wrong.
func (o *object) decodeFields(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return &DecodeError{Err: errors.New("must be a JSON object")}
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return &DecodeError{Err: fmt.Errorf("not valid JSON: %w", err)}
		}
		name := key.(string) // the decoder lets nothing else stand here
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return &DecodeError{name, fmt.Errorf("not valid JSON: %w", err)}
		}
		if err := o.add(name, value); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return &DecodeError{Err: fmt.Errorf("not valid JSON: %w", err)}
	}
	if _, err := dec.Token(); err != io.EOF {
		return &DecodeError{Err: errors.New("more than one JSON value")}
	}
	return nil
}

func (o *object) add(name string, value json.RawMessage) error {
	if o.index(name) >= 0 {
		return &DecodeError{name, errors.New("is given twice")}
	}
	o.fields = append(o.fields, field{name, value})
	return nil
}

func (o *object) index(name string) int {
	return slices.IndexFunc(o.fields, func(f field) bool { return f.name == name })
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
	i := o.index(name)
	if i < 0 {
		return nil
	}
	raw := o.fields[i].value
	o.fields = slices.Delete(o.fields, i, i+1)
	if string(raw) == "null" {
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
		first := slices.MinFunc(o.fields, func(a, b field) int { return cmp.Compare(a.name, b.name) })
		o.fail(first.name, errors.New("is not a field here"))
	}
	return o.err
}
