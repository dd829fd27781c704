package runtime

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestGuestErrorText(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  GuestError
		want string
	}{
		{"bare", GuestError{Code: Trap, Plugin: "counts", Event: NoEvent, Reason: "unreachable"},
			"plugin counts: unreachable (trap)"},
		{"first event", GuestError{Code: Trap, Plugin: "counts", Event: 0, Reason: "unreachable"},
			"plugin counts: event 0 of the batch: unreachable (trap)"},
		{"hint", GuestError{Code: NoQuery, Plugin: "counts", Event: NoEvent, Reason: "answers no queries", Hint: "export refold_query"},
			"plugin counts: answers no queries (no_query); export refold_query"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.err.Error(); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// TestGuestErrorThroughInterface holds what the engine does: it finds event and
// code without importing this package.
func TestGuestErrorThroughInterface(t *testing.T) {
	err := fmt.Errorf("fold: %w", &GuestError{Code: Trap, Event: 7, Err: io.ErrUnexpectedEOF})
	var guest interface {
		EventIndex() (int, bool)
		GuestCode() string
	}
	if !errors.As(err, &guest) {
		t.Fatal("the error does not show its event")
	}
	if i, ok := guest.EventIndex(); i != 7 || !ok {
		t.Errorf("EventIndex() = %d, %v; want 7, true", i, ok)
	}
	if guest.GuestCode() != "trap" {
		t.Errorf("GuestCode() = %q, want trap", guest.GuestCode())
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the cause is not reachable")
	}
	if _, ok := (&GuestError{Event: NoEvent}).EventIndex(); ok {
		t.Error("NoEvent is reported as an event")
	}
}
