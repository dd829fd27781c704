package refold

import (
	"strings"
	"testing"
)

// TestRegisterRefuses holds that what is no projection says so when the module
// starts, and not at its first event.
func TestRegisterRefuses(t *testing.T) {
	defer func(p Projection) { guest.projection = p }(guest.projection)
	fold := func(Event, *Effects) error { return nil }
	for _, tt := range []struct {
		first, p Projection
		want     string
	}{
		{nil, Stateless{Name: "a"}, "the projection a has no Fold"},
		{nil, Resident{Name: "a"}, "the projection a has no Fold"},
		{nil, Keyed[int]{Name: "a"}, "the projection a has no Fold"},
		{Stateless{Name: "a", Fold: fold}, Stateless{Name: "b", Fold: fold}, "Register was called twice"},
	} {
		guest.projection = tt.first
		if said := registering(tt.p); !strings.Contains(said, tt.want) {
			t.Errorf("%+v: it says %q, want %q", tt.p, said, tt.want)
		}
	}
}

// registering is what a call of Register panics with.
func registering(p Projection) (said string) {
	defer func() { said, _ = recover().(string) }()
	Register(p)
	return ""
}
