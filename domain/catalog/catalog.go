package catalog

import (
	"crypto/sha256"

	"github.com/refold-dev/refold/domain/event"
)

// Type declares an event type.
type Type struct {
	Name string // as in the log, such as "resource_registered"
	// Version is the current schema version, the one that readers get; 0 is
	// read as 1.
	Version uint32
	// Fields are those of the current version, as far as they are declared. An
	// upcast payload is checked against them; it may have others.
	Fields []Field
	// Upcasters lead from version 1 to Version, one step each, in order.
	Upcasters []Upcaster
}

// Catalog is a set of event types. The zero value is an empty catalog, which
// leaves every event as it is. A catalog is immutable, and safe for concurrent
// use.
type Catalog struct {
	types  map[string]*chain
	digest [sha256.Size]byte
	strict bool
}

// New makes a catalog of event types. The error is [Errors], with everything
// that is wrong.
func New(types ...Type) (*Catalog, error) {
	c := &Catalog{types: make(map[string]*chain, len(types))}
	first := make(map[string]int, len(types))
	var r report
	for i := range types {
		t := &types[i]
		r.at = Place{Type: i, Upcaster: none, Step: none, Field: none}
		r.name = t.Name
		if err := event.ValidateTypeName(t.Name); err != nil {
			r.failf("type", "the name %w", err)
		} else if other, twice := first[t.Name]; twice {
			r.fail("type", &DuplicateTypeError{t.Name, other})
		} else {
			first[t.Name] = i
		}
		c.types[t.Name] = r.chain(t)
	}
	if len(r.errs) > 0 {
		return nil, r.errs
	}
	c.digest = digestOf(c.types)
	return c, nil
}

// Strict returns a catalog of the same types that refuses events of all others
// with an *UnknownTypeError.
func (c *Catalog) Strict() *Catalog {
	strict := *c
	strict.strict = true
	return &strict
}

// Version is an event type's current schema version; ok is false if the catalog
// does not have the type.
func (c *Catalog) Version(eventType string) (version uint32, ok bool) {
	t, ok := c.types[eventType]
	if !ok {
		return 0, false
	}
	return t.version, true
}

// Digest is the SHA-256 of everything that changes what a reader sees: types,
// versions, fields, steps, and of each Func its name and revision. The order in
// which types, fields and table entries were given does not matter. An empty
// catalog's digest is all zero, for it changes nothing.
func (c *Catalog) Digest() [sha256.Size]byte { return c.digest }

// Admit reports why the catalog could not read an event: a *NewerSchemaError,
// or an *UnknownTypeError if the catalog is strict. It does not look at the
// payload.
func (c *Catalog) Admit(e *event.Event) error {
	_, err := c.find(e, 0)
	return err
}

// Upcast returns the event in its type's current version; e itself if it is
// that already. The error is a *NewerSchemaError, an *UpcastError or, if the
// catalog is strict, an *UnknownTypeError.
func (c *Catalog) Upcast(e event.Event) (event.Event, error) {
	t, err := c.find(&e, 0)
	if t == nil || err != nil {
		return e, err
	}
	err = t.upcast(&e, t.version, 0)
	return e, err
}

// UpcastRecorded is Upcast for an event in a log: it replaces r's payload and
// schema version where r is not current, and its errors carry r's position.
// After an error r is as it was. The bytes that r's Data pointed to are not
// written to.
func (c *Catalog) UpcastRecorded(r *event.Recorded) error {
	t, err := c.find(&r.Event, r.Position)
	if t == nil || err != nil {
		return err
	}
	return t.upcast(&r.Event, t.version, r.Position)
}

// UpcastTo is Upcast to a version that need not be the current one. The error
// is an *UnsupportedVersionError if the target is older than the event, or is a
// version that the catalog does not lead to; otherwise it is one of Upcast's.
func (c *Catalog) UpcastTo(e event.Event, target uint32) (event.Event, error) {
	from := max(e.SchemaVersion, 1)
	t, err := c.find(&e, 0)
	switch {
	case err != nil:
		return e, err
	case from == target:
		return e, nil
	}
	reached := from
	if t != nil {
		reached = t.version
	}
	switch {
	case target < from:
		return e, &UnsupportedVersionError{e.Type, from, target, from}
	case target > reached:
		return e, &UnsupportedVersionError{e.Type, from, target, reached}
	}
	err = t.upcast(&e, target, 0)
	return e, err
}

// find returns the chain that e has to go through; nil if e is to stay as it
// is.
func (c *Catalog) find(e *event.Event, at event.Position) (*chain, error) {
	t, known := c.types[e.Type]
	switch {
	case !known && c.strict:
		return nil, &UnknownTypeError{e.Type, at}
	case !known:
		return nil, nil
	}
	found := max(e.SchemaVersion, 1)
	switch {
	case found > t.version:
		return nil, &NewerSchemaError{e.Type, t.version, found, at}
	case found == t.version:
		return nil, nil
	}
	return t, nil
}
