package control_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/eventstore/memory"
)

// full is a log that takes no appends.
type full struct{ *memory.Store }

func (full) Accepts(context.Context) error { return errors.New("the disk is full") }

func TestLogStatus(t *testing.T) {
	e, err := engine.Open(t.Context(), engine.Options{Log: full{memory.New()}, Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), Now: time.Now,
		Advise: func(err error) string { return "make room: " + err.Error() }}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for e, want := range map[*engine.Engine]engine.LogStatus{
		e:       {Error: "the disk is full", Hint: "make room: the disk is full"},
		idle(t): {Accepts: true},
	} {
		got, err := control.NewClient(listen(t, e, memory.New()).URL(), token).LogStatus(t.Context())
		if err != nil || got != want {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
}
