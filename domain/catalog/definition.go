package catalog

import (
	"fmt"
	"strings"
)

// Errors are all mistakes in the types given to New.
type Errors []*DefinitionError

func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap makes each error reachable by errors.As.
func (es Errors) Unwrap() []error {
	list := make([]error, len(es))
	for i, e := range es {
		list[i] = e
	}
	return list
}

// DefinitionError is one mistake in a type given to New.
type DefinitionError struct {
	Type string // the type's name
	Place
	// Err is a *ChainError, a *DuplicateTypeError, or says what is wrong.
	Err error
}

// Place is where a mistake is, so that whoever reads types from a file can point
// at the line.
type Place struct {
	Type     int // index among New's arguments
	Upcaster int // index in Type.Upcasters, -1 if it is about the type
	Step     int // index in Upcaster.Steps, -1 if it is about no step
	Field    int // index in Fields, -1 if it is about no field
	// Key is the attribute in snake_case: type, version, fields, upcasters,
	// from, steps, field, to, default, values, name, revision or up.
	Key string
}

// none is an index in a Place that does not apply.
const none = -1

func (e *DefinitionError) Error() string {
	text := fmt.Sprintf("event type %q", e.Type)
	if e.Upcaster != none {
		text += fmt.Sprintf(", upcaster %d", e.Upcaster+1)
	}
	if e.Step != none {
		text += fmt.Sprintf(", step %d", e.Step+1)
	}
	return text + ": " + e.Err.Error()
}

func (e *DefinitionError) Unwrap() error { return e.Err }

// DuplicateTypeError is a type that is declared twice.
type DuplicateTypeError struct {
	Type  string
	First int // index of the first declaration among New's arguments
}

func (e *DuplicateTypeError) Error() string {
	return fmt.Sprintf("event type %q is declared twice", e.Type)
}

// Fault is what is wrong with a chain of upcasters.
type Fault string

// The faults of a chain.
const (
	Gap        Fault = "gap"          // no upcaster from versions From to Through
	Duplicate  Fault = "duplicate"    // two upcasters from version From: they overlap
	OutOfOrder Fault = "out_of_order" // the upcaster from From stands behind one from a later version
	Beyond     Fault = "beyond"       // From is not below the current version
	Zero       Fault = "zero"         // From is 0; versions begin at 1
)

// ChainError is a fault in a type's chain of upcasters.
type ChainError struct {
	Fault
	From    uint32
	Through uint32 // of a gap its last version, otherwise From
	Current uint32 // the type's current version
}

func (e *ChainError) Error() string {
	switch e.Fault {
	case Gap:
		if e.From == e.Through {
			return fmt.Sprintf("the way to version %d has a gap: there is no upcaster from version %d", e.Current, e.From)
		}
		return fmt.Sprintf("the way to version %d has a gap: there are no upcasters from versions %d to %d", e.Current, e.From, e.Through)
	case Duplicate:
		return fmt.Sprintf("there are two upcasters from version %d", e.From)
	case OutOfOrder:
		return fmt.Sprintf("the upcaster from version %d stands behind one from a later version", e.From)
	case Beyond:
		return fmt.Sprintf("the upcaster from version %d leads beyond the current version %d", e.From, e.Current)
	}
	return "an upcaster's from must be 1 or more"
}

// report collects mistakes, at a place that moves along.
type report struct {
	name string // of the type
	at   Place
	errs Errors
}

func (r *report) fail(key string, err error) {
	at := r.at
	at.Key = key
	r.errs = append(r.errs, &DefinitionError{r.name, at, err})
}

func (r *report) failf(key, format string, args ...any) { r.fail(key, fmt.Errorf(format, args...)) }
