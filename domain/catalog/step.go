package catalog

import (
	"encoding/json"
	"strings"
)

type rename struct {
	field    path
	to       string
	optional bool
}

func (s Rename) compile(r *report) operation {
	op := rename{r.path("field", s.Field), s.To, s.Optional}
	switch {
	case strings.Contains(s.To, "."):
		r.failf("to", "to %q leads into another object, which is a move", s.To)
	case r.path("to", s.To).name == op.field.name:
		r.failf("to", "the field has the name %q already", s.To)
	}
	return op
}

func (op rename) apply(o *Object) error {
	holder, err := op.field.holder(o)
	if err == nil {
		err = holder.Rename(op.field.name, op.to)
	}
	return unless(op.optional, err)
}

type add struct {
	field path
	value json.RawMessage
}

func (s Add) compile(r *report) operation {
	return add{r.path("field", s.Field), r.literal("default", s.Default)}
}

func (op add) apply(o *Object) error {
	holder, err := op.field.open(o)
	if err == nil && holder.index(op.field.name) < 0 {
		holder.put(op.field.name, op.value)
	}
	return err
}

type drop struct{ field path }

func (s Drop) compile(r *report) operation { return drop{r.path("field", s.Field)} }

func (op drop) apply(o *Object) error {
	holder, err := op.field.holder(o)
	if err == nil {
		holder.Delete(op.field.name)
	}
	return unless(true, err)
}

type move struct {
	field, to path
	optional  bool
}

func (s Move) compile(r *report) operation {
	op := move{r.path("field", s.Field), r.path("to", s.To), s.Optional}
	if op.to.below(op.field) || op.field.below(op.to) {
		r.failf("to", "%q does not move to %q: one holds the other", s.Field, s.To)
	}
	return op
}

func (op move) apply(o *Object) error {
	from, err := op.field.holder(o)
	if err != nil {
		return unless(op.optional, err)
	}
	value, ok := from.Get(op.field.name)
	if !ok {
		return unless(op.optional, &MissingFieldError{op.field.String()})
	}
	to, err := op.to.open(o)
	if err != nil {
		return err
	}
	if to.index(op.to.name) >= 0 {
		return &InvalidFieldError{op.to.String(), "is there already, so that " + op.field.String() + " does not move there"}
	}
	from.Delete(op.field.name)
	to.put(op.to.name, value)
	return nil
}

type function struct {
	name, revision string
	up             func(*Object) error
}

func (s Func) compile(r *report) operation {
	if s.Name == "" {
		r.failf("name", "the func has no name, by which the catalog's digest knows it")
	}
	if s.Revision == "" {
		r.failf("revision", "the func has no revision, by which the catalog's digest knows it")
	}
	if s.Up == nil {
		r.failf("up", "the func has no Up")
	}
	return function{s.Name, s.Revision, s.Up}
}

func (op function) apply(o *Object) error { return op.up(o) }
