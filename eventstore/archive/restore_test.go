package archive

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
)

// holed is a log that has lost one event.
type holed struct {
	sliceLog
	lost event.Position
}

func (h holed) ReadAll(ctx context.Context, from event.Position, limit int) ([]event.Recorded, error) {
	events, err := h.sliceLog.ReadAll(ctx, from, limit)
	for i := range events {
		if events[i].Position == h.lost {
			return events[:i], &eventstore.GapError{Expected: h.lost, Actual: h.lost + 1}
		}
	}
	return events, err
}

// TestRefill makes a new log of an archive and of what an unsound log has behind
// it, and counts what it could not save.
func TestRefill(t *testing.T) {
	log := makeLog(60)
	for name, c := range map[string]struct {
		archived int
		lost     event.Position
		want     Refilled
	}{
		"a hole that the archive fills": {50, 40, Refilled{Archived: 50, Saved: 10}},
		"a hole behind the archive":     {30, 40, Refilled{Archived: 30, Saved: 9, Unsaved: 21}},
		"nothing but the archive":       {60, 1, Refilled{Archived: 60}},
		"no archive":                    {0, 3, Refilled{Saved: 2, Unsaved: 58}},
	} {
		t.Run(name, func(t *testing.T) {
			a := filled(t, log[:c.archived])
			empty := memory.New()
			got, err := a.Refill(t.Context(), empty, holed{log, c.lost})
			if err != nil || got != c.want {
				t.Fatalf("%+v, %v, want %+v", got, err, c.want)
			}
			all, err := empty.ReadAll(t.Context(), 1, 100)
			if d := diff(log[:got.Archived+got.Saved], all); err != nil || d != "" {
				t.Fatalf("%v\n%s", err, d)
			}
		})
	}
}

// TestReadOnlyChangesNothing opens an archive of which each segment in turn is
// damaged: what is before the damage is read, and the files stay as they are.
func TestReadOnlyChangesNothing(t *testing.T) {
	log := makeLog(10)
	fs := smallArchive(t, log)
	for _, name := range segmentFiles(t, fs) {
		whole := readFile(t, fs, name)
		flip(t, fs, name, 0.9)
		spoiled := readFile(t, fs, name)
		opts := tiny
		opts.ReadOnly, opts.Catalog = true, nil
		a := mustOpen(t, fs, opts)
		st, err := a.Stats()
		if err != nil || st.Cut == nil && int(a.Head()) < len(log) {
			t.Fatalf("%s: %+v, %v", name, st, err)
		}
		var damage *DamageError
		if _, err := a.Verify(t.Context()); st.Cut == nil && !errors.As(err, &damage) {
			t.Fatalf("%s: nothing is found: %v", name, err)
		}
		if err := a.Append(log[a.Head():]); int(a.Head()) < len(log) && err == nil {
			t.Fatalf("%s: appended to", name)
		}
		mustClose(t, a)
		if string(readFile(t, fs, name)) != string(spoiled) {
			t.Fatalf("%s was changed", name)
		}
		overwrite(t, fs, name, whole)
	}
	mustClose(t, mustOpen(t, fs, tiny))
}

// TestSalvage: what is behind holes is found, and nothing else.
func TestSalvage(t *testing.T) {
	log := makeLog(3000)
	for from, lost := range map[event.Position]event.Position{1: 1500, 1001: 1001, 5: 3000, 1500: 2} {
		var got []event.Recorded
		for batch, err := range Salvage(t.Context(), holed{log, lost}, from) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, batch...)
		}
		want := slices.DeleteFunc(slices.Clone(log[from-1:]), func(r event.Recorded) bool { return r.Position == lost })
		if d := diff(want, got); d != "" {
			t.Errorf("from %d without %d:\n%s", from, lost, d)
		}
	}
	ended := 0
	for _, err := range Salvage(t.Context(), failing{log}, 1) {
		if ended++; !errors.Is(err, eventstore.ErrClosed) {
			t.Errorf("error %v", err)
		}
	}
	if ended != 1 {
		t.Errorf("%d errors", ended)
	}
}

// failing is a log that cannot be read.
type failing struct{ sliceLog }

func (failing) ReadAll(context.Context, event.Position, int) ([]event.Recorded, error) {
	return nil, eventstore.ErrClosed
}
