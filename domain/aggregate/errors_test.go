package aggregate_test

import (
	"errors"
	"testing"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/event"
)

func TestErrorText(t *testing.T) {
	gap := &aggregate.VersionGapError{Want: 2, Got: 4}
	replay := &aggregate.ReplayError{Position: 17, Version: 4, EventID: numbered(1), Type: "deposited", Err: gap}
	for want, err := range map[string]error{
		"event has version 4 where 2 comes next": gap,
		"replay deposited event 01900000-0000-7000-8000-000000000001 at position 17, version 4: event has version 4 where 2 comes next": replay,
		`event type "robbed" is not known`:                                    &aggregate.UnknownTypeError{Type: "robbed"},
		`event type "deposited" has schema version 3, newer than the known 2`: &aggregate.SchemaVersionError{Type: "deposited", Known: 2, Found: 3},
		`event type "deposited" has schema version 1 and was not upcast to 2`: &aggregate.SchemaVersionError{Type: "deposited", Known: 2, Found: 1},
		"event belongs to a/01900000-0000-7000-8000-000000000002, not to b/01900000-0000-7000-8000-000000000001": &aggregate.ForeignEventError{
			Want: event.Aggregate{Type: "b", ID: numbered(1)}, Got: event.Aggregate{Type: "a", ID: numbered(2)}},
	} {
		if err.Error() != want {
			t.Errorf("%T: %s, want %s", err, err, want)
		}
	}
	if !errors.Is(replay, error(gap)) {
		t.Error("a replay error does not unwrap to its cause")
	}
}

func TestFoldSplitsAnywhere(t *testing.T) {
	def := accountDefinition(t)
	facts := []aggregate.Fact[any]{{Payload: deposited{500}}, {Payload: withdrawn{200}}, {Payload: deposited{7}}}
	for cut := range facts {
		if got := def.Fold(def.Fold(account{}, facts[:cut]...), facts[cut:]...); got != (account{307}) {
			t.Errorf("cut at %d: %+v, want 307 cents", cut, got)
		}
	}
}
