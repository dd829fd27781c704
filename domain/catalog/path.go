package catalog

import (
	"errors"
	"slices"
	"strings"
)

// path leads from a payload to a field.
type path struct {
	parents []string
	name    string
}

// path checks a path; key is the attribute of the step that holds it.
func (r *report) path(key, text string) path {
	parts := strings.Split(text, ".")
	switch {
	case text == "":
		r.failf(key, "%s is missing", key)
	case len(text) > maxFieldName:
		r.failf(key, "%s has %d bytes, at most %d are allowed", key, len(text), maxFieldName)
	case slices.Contains(parts, ""):
		r.failf(key, "%s %q has an empty name between its dots", key, text)
	}
	last := len(parts) - 1
	return path{parts[:last], parts[last]}
}

func (p path) String() string { return strings.Join(append(slices.Clone(p.parents), p.name), ".") }

// holder returns the object that the field is in. The error is a
// *MissingFieldError or *InvalidFieldError about an object on the way.
func (p path) holder(o *Object) (_ *Object, err error) {
	for _, name := range p.parents {
		if o, err = o.Object(name); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// open is holder, but makes the objects that are not there.
func (p path) open(o *Object) (_ *Object, err error) {
	for _, name := range p.parents {
		if o, err = o.open(name); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// below reports whether p leads to q or into it.
func (p path) below(q path) bool { return strings.HasPrefix(p.String()+".", q.String()+".") }

func isMissing(err error) bool {
	var missing *MissingFieldError
	return errors.As(err, &missing)
}

// unless drops the error about a missing field of an optional step.
func unless(optional bool, err error) error {
	if optional && isMissing(err) {
		return nil
	}
	return err
}
