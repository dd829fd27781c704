package checkpoint

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLife(t *testing.T) {
	s := open(t, newPath(t))
	want := func(want Life) {
		t.Helper()
		got, err := s.Life()
		must(t, err)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("life (-want +got):\n%s", d)
		}
	}
	want(Life{})
	paused := Life{State: "paused", Since: time.Date(2026, 1, 31, 9, 30, 0, 7, time.UTC), Reason: "for now", Error: "before"}
	must(t, s.SetLife(paused))
	want(paused)
	must(t, s.SetLife(Life{State: "faulted", Error: "disk \x00 full"}))
	s = reopened(t, s)
	want(Life{State: "faulted", Error: "disk \x00 full"})
	g := create(t, s)
	must(t, s.BeginActivation(g.Number(), true))
	must(t, s.FinishActivation(g.Number(), time.Unix(1, 0)))
	want(Life{State: "faulted", Error: "disk \x00 full"})
	must(t, s.SetLife(Life{}))
	want(Life{})
	must(t, s.SetLife(Life{}))
	want(Life{})
}
