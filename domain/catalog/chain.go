package catalog

import (
	"slices"

	"github.com/refold-dev/refold/domain/event"
)

// chain is a type that has been checked.
type chain struct {
	version uint32
	links   []link // links[i] leads from version i+1
}

// link is an upcaster that has been checked.
type link struct {
	operations []operation
	fields     []Field // of the version it leads to
}

// chain checks a type. What it returns is of use only if it reported nothing.
func (r *report) chain(t *Type) *chain {
	version := max(t.Version, 1)
	fields := r.fields(t.Fields)
	r.order(t.Upcasters, version)
	c := &chain{version: version}
	for i := range t.Upcasters {
		u := &t.Upcasters[i]
		r.at.Upcaster = i
		l := link{r.steps(u.Steps), r.fields(u.Fields)}
		if u.From == version-1 {
			if u.Fields != nil {
				r.failf("fields", "the fields of the current version %d are declared at the type", version)
			}
			l.fields = fields
		}
		c.links = append(c.links, l)
	}
	if version == 1 {
		c.links = []link{{fields: fields}} // nothing goes through it, but the digest names them
	}
	return c
}

// order checks that upcasters lead from 1 to version without a fault.
func (r *report) order(upcasters []Upcaster, version uint32) {
	var latest uint32
	var seen []uint32
	for i, u := range upcasters {
		r.at.Upcaster = i
		switch {
		case u.From == 0:
			r.fail("from", &ChainError{Zero, 0, 0, version})
			continue
		case u.From >= version:
			r.fail("from", &ChainError{Beyond, u.From, u.From, version})
			continue
		case slices.Contains(seen, u.From):
			r.fail("from", &ChainError{Duplicate, u.From, u.From, version})
		case u.From < latest:
			r.fail("from", &ChainError{OutOfOrder, u.From, u.From, version})
		}
		seen = append(seen, u.From)
		latest = max(latest, u.From)
	}
	r.at.Upcaster = none
	slices.Sort(seen)
	next := uint32(1)
	for _, from := range append(seen, version) {
		if from > next {
			r.fail("upcasters", &ChainError{Gap, next, from - 1, version})
		}
		next = from + 1
	}
}

func (r *report) steps(steps []Step) []operation {
	defer func() { r.at.Step = none }()
	if len(steps) == 0 {
		r.failf("steps", "the upcaster has no steps")
	}
	operations := make([]operation, len(steps))
	for i, s := range steps {
		r.at.Step = i
		if s == nil {
			r.failf("", "the step is nil")
			continue
		}
		operations[i] = s.compile(r)
	}
	return operations
}

// upcast takes e, which is older, to a version. On error e stays as it is.
func (c *chain) upcast(e *event.Event, target uint32, at event.Position) error {
	from := max(e.SchemaVersion, 1)
	o, err := parsePayload(e.Data)
	for v := from; v < target; v++ {
		if err == nil {
			err = c.links[v-1].apply(o)
		}
		if err != nil {
			return &UpcastError{Type: e.Type, From: v, To: v + 1, EventID: e.ID, Position: at, Err: err}
		}
	}
	e.Data = o.append(make([]byte, 0, len(e.Data)+64))
	e.SchemaVersion = target
	return nil
}

func (l *link) apply(o *Object) error {
	for _, op := range l.operations {
		if err := op.apply(o); err != nil {
			return err
		}
	}
	return checkFields(l.fields, o)
}
