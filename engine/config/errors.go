package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a YAML file; line and column are 1-based.
type Pos struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Error is one mistake in a configuration.
type Error struct {
	Pos
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"` // what to do about it

	within Pos // of the mapping that has an unknown key
}

func (e *Error) Error() string {
	text := e.Pos.String() + ": " + e.Message
	if e.Hint != "" {
		text += "\n  hint: " + e.Hint
	}
	return text
}

// Errors are all mistakes of a configuration, in the order of the files.
type Errors []*Error

func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Sorted orders the errors by file and place. What an alias repeats is one
// mistake.
func (es Errors) Sorted() Errors {
	slices.SortStableFunc(es, func(a, b *Error) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
	return slices.CompactFunc(es, func(a, b *Error) bool { return a.Pos == b.Pos && a.Message == b.Message })
}

// unlessAt leaves out what stands at the place of another mistake, and only
// follows from it: a missing value where one of another type stands, a missing
// key where an unknown one stands.
func (es Errors) unlessAt(others Errors) Errors {
	return slices.DeleteFunc(es, func(e *Error) bool {
		return slices.ContainsFunc(others, func(o *Error) bool { return e.Pos == o.Pos || e.Pos == o.within })
	})
}

// at reports whether one of the errors is about a place.
func (es Errors) at(pos Pos) bool {
	return slices.ContainsFunc(es, func(e *Error) bool { return e.Pos == pos })
}

// Unwrap makes each error reachable by errors.As.
func (es Errors) Unwrap() []error {
	list := make([]error, len(es))
	for i, e := range es {
		list[i] = e
	}
	return list
}
