package event_test

import (
	"testing"

	"github.com/refold-dev/refold/domain/event"
)

func TestExpected(t *testing.T) {
	for _, c := range []struct {
		expected event.Expected
		text     string
		allows   []event.Version
		refuses  []event.Version
	}{
		{event.Any(), "any", []event.Version{0, 1, 7}, nil},
		{event.None(), "0", []event.Version{0}, []event.Version{1, 7}},
		{event.Exactly(7), "7", []event.Version{7}, []event.Version{0, 6, 8}},
		{event.Expected{}, "0", []event.Version{0}, []event.Version{1}},
	} {
		if got := c.expected.String(); got != c.text {
			t.Errorf("%#v is written %q, want %q", c.expected, got, c.text)
		}
		for _, v := range c.allows {
			if !c.expected.Allows(v) {
				t.Errorf("expected %s refuses version %d", c.text, v)
			}
		}
		for _, v := range c.refuses {
			if c.expected.Allows(v) {
				t.Errorf("expected %s allows version %d", c.text, v)
			}
		}
	}
}
