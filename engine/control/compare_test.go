package control_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/eventstore/memory"
)

// witness is a store with a copy up to position 7, which differs if err is set.
type witness struct {
	*memory.Store
	err error
}

func (w witness) CompareAll(context.Context) (event.Position, error) { return 7, w.err }

func TestCompareLog(t *testing.T) {
	store := memory.New()
	for name, test := range map[string]struct {
		events control.EventReader
		want   string
	}{
		"as in the archive": {witness{store, nil}, ""},
		"another log":       {witness{store, errors.New("at position 3 it has no event")}, "at position 3 it has no event"},
		"no archive":        {store, "the engine has no copy of the log"},
	} {
		t.Run(name, func(t *testing.T) {
			s := listen(t, nil, test.events)
			through, err := control.NewClient(s.URL(), token).CompareLog(t.Context())
			if test.want == "" && (through != 7 || err != nil) {
				t.Errorf("through %d, %v", through, err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}
