package compute

import (
	"fmt"

	"github.com/google/uuid"
)

// ID is the id of something that lives elsewhere; K keeps ids of different
// things apart. Its text and JSON form is a plain UUID. The zero ID stands for
// "none" and has no such form.
type ID[K any] struct{ uuid.UUID }

// The things that a resource refers to.
type (
	OrganizationID = ID[organization]
	LocationID     = ID[location]
	PersonID       = ID[person]
	PolicyID       = ID[policy]
	ConceptID      = ID[concept]
)

type (
	organization struct{}
	location     struct{}
	person       struct{}
	policy       struct{}
	concept      struct{}
)

// IsZero reports whether there is no id.
func (id ID[K]) IsZero() bool { return id.UUID == uuid.Nil }

// MarshalText returns the UUID in its 36-character form.
func (id ID[K]) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return nil, errNilID()
	}
	return id.UUID.MarshalText()
}

// UnmarshalText reads a UUID in its 36-character form.
func (id *ID[K]) UnmarshalText(text []byte) error {
	parsed, err := uuid.ParseBytes(text)
	if err != nil || len(text) != 36 {
		return fmt.Errorf("%q is not a UUID in its 36-character form", text)
	}
	if parsed == uuid.Nil {
		return errNilID()
	}
	id.UUID = parsed
	return nil
}

func errNilID() error { return fmt.Errorf("must be a UUID other than the nil UUID") }
