package archive

import (
	"slices"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/event"
)

// paired is some events in two forms: as the log has stored them, and as the
// catalog makes them current. Where it changes none, the two are one slice.
type paired struct{ stored, current []event.Recorded }

// pair makes events current, up to the first for which there is an error.
func pair(c *catalog.Catalog, stored []event.Recorded) (paired, error) {
	p := paired{stored, stored}
	for i := range stored {
		r := stored[i]
		if err := c.UpcastRecorded(&r); err != nil {
			return paired{stored[:i], p.current[:i]}, err
		}
		if r.SchemaVersion == stored[i].SchemaVersion {
			continue
		}
		if &p.current[0] == &stored[0] {
			p.current = slices.Clone(stored)
		}
		p.current[i] = r
	}
	return p, nil
}

// from leaves out the first n events.
func (p paired) from(n int) paired { return paired{p.stored[n:], p.current[n:]} }

// differ reports whether the catalog changed the i-th event.
func (p paired) differ(i int) bool { return p.current[i].SchemaVersion != p.stored[i].SchemaVersion }
