package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxFields bounds the fields of a manifest, and so the slots of an event.
const MaxFields = 1024

// Parse reads and checks a projection's manifest.
func Parse(text []byte) (Manifest, error) { return parse(text, (*Manifest).validate) }

// ParseExecutor reads and checks an executor's manifest.
func ParseExecutor(text []byte) (Executor, error) { return parse(text, (*Executor).validate) }

func parse[M any](text []byte, validate func(*M) error) (m M, err error) {
	var none M
	if !utf8.Valid(text) {
		return none, fmt.Errorf("manifest: is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return none, fmt.Errorf("manifest: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return none, fmt.Errorf("manifest: more follows the object, at byte %d", dec.InputOffset())
	}
	if err := validate(&m); err != nil {
		return none, fmt.Errorf("manifest: %w", err)
	}
	return m, nil
}

func (m *Manifest) validate() error {
	if err := validateHead(m.ABI, m.Name); err != nil {
		return err
	}
	switch {
	case !slices.Contains([]State{Stateless, Resident, Keyed}, m.State):
		return fmt.Errorf("state %q is none of stateless, resident, keyed", m.State)
	case m.Key != "" && m.State != Keyed:
		return fmt.Errorf("key %q is set, but the state is %s, not keyed", m.Key, m.State)
	case m.Key != "" && !isPath(m.Key):
		return fmt.Errorf("key %q is no path of names and dots", m.Key)
	}
	if err := validateEvents(m.Events); err != nil {
		return err
	}
	return validateFields(m.Fields)
}

func validateHead(abi int, name string) error {
	switch {
	case abi != ABI:
		return fmt.Errorf("abi is %d; this Refold speaks %d", abi, ABI)
	case name == "" || len(name) > 128:
		return fmt.Errorf("name must have 1 to 128 bytes")
	}
	return nil
}

func validateEvents(events []string) error {
	seen := make(map[string]bool, len(events))
	for _, e := range events {
		if e == "" || seen[e] {
			return fmt.Errorf("event type %q is empty or listed twice", e)
		}
		if !isEventType(e) {
			return fmt.Errorf("event type %q must be snake_case, as in the log: a-z, 0-9 and _, not starting with a digit", e)
		}
		seen[e] = true
	}
	return nil
}

// isEventType reports whether events can have a type: another one would match nothing,
// and nobody would know why.
func isEventType(name string) bool {
	for i, c := range []byte(name) {
		if (c < 'a' || c > 'z') && c != '_' && (c < '0' || c > '9' || i == 0) {
			return false
		}
	}
	return true
}

func validateFields(fields []Field) error {
	if len(fields) > MaxFields {
		return fmt.Errorf("%d fields are listed, at most %d are allowed", len(fields), MaxFields)
	}
	types := []FieldType{Bool, I64, F64, String, Bytes, UUID, Time}
	seen := make(map[string]bool, len(fields))
	for _, f := range fields {
		switch {
		case !isPath(f.Path):
			return fmt.Errorf("field %q is no path of names and dots", f.Path)
		case seen[f.Path]:
			return fmt.Errorf("field %q is listed twice", f.Path)
		case !slices.Contains(types, f.Type):
			return fmt.Errorf("field %q has type %q, which is none of bool, i64, f64, string, bytes, uuid, time", f.Path, f.Type)
		}
		seen[f.Path] = true
	}
	return nil
}

// isPath reports whether every name between the dots has a letter at least.
func isPath(path string) bool { return !slices.Contains(strings.Split(path, "."), "") }
