package catalog

import (
	"bytes"
	"encoding/json"
)

type mapValues struct {
	field    path
	values   map[string]json.RawMessage // by canonical From
	fallback json.RawMessage            // nil if there is none
	optional bool
}

func (s MapValues) compile(r *report) operation {
	op := mapValues{field: r.path("field", s.Field), values: map[string]json.RawMessage{}, optional: s.Optional}
	if len(s.Values) == 0 {
		r.failf("values", "the table is empty")
	}
	for _, m := range s.Values {
		from, to := r.literal("values", m.From), r.literal("values", m.To)
		if from == nil || to == nil {
			continue
		}
		key, scalar := canonical(from)
		if _, twice := op.values[key]; twice {
			r.failf("values", "the value %s is in the table twice", excerpt(from))
		}
		if !scalar {
			r.failf("values", "%s is no text, number, boolean or null", excerpt(from))
		}
		op.values[key] = to
	}
	if s.Default != nil {
		op.fallback = r.literal("default", s.Default)
	}
	return op
}

func (op mapValues) apply(o *Object) error {
	holder, err := op.field.holder(o)
	if err != nil {
		return unless(op.optional, err)
	}
	value, there := holder.Get(op.field.name)
	if !there {
		return unless(op.optional, &MissingFieldError{op.field.String()})
	}
	key, _ := canonical(value)
	to, listed := op.values[key]
	switch {
	case listed:
	case op.fallback != nil:
		to = op.fallback
	case op.optional && isNull(value):
		return nil
	default:
		return &InvalidFieldError{op.field.String(), "has a value that is not in the table: " + excerpt(value)}
	}
	holder.put(op.field.name, to)
	return nil
}

// canonical is the form by which values are compared: of a text the shortest
// way to write it, of anything else how it is written.
func canonical(value json.RawMessage) (key string, scalar bool) {
	if text, ok := textOf(value); ok {
		return string(quote(text)), true
	}
	return string(value), value[0] != '{' && value[0] != '['
}

// literal checks JSON of a step and returns it without white space; nil if it is
// bad.
func (r *report) literal(key string, raw []byte) json.RawMessage {
	var buf bytes.Buffer
	switch err := json.Compact(&buf, raw); {
	case len(raw) == 0:
		r.failf(key, "%s is missing; write null for no value", key)
		return nil
	case err != nil:
		r.failf(key, "%s is not valid JSON: %w", key, err)
		return nil
	}
	return buf.Bytes()
}
