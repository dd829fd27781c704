package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// library keeps answers, and writes down beside a diary what is asked.
type library struct {
	diary  *diary
	kept   map[uuid.UUID]string
	fail   func(what string, f effect.Effect) error
	asking effect.Effect
}

// Query answers with how many effects have been performed before.
func (l *library) Query(_ context.Context, q effect.Effect) (json.RawMessage, error) {
	l.asking = q
	if err := l.fail("query", q); err != nil {
		return nil, err
	}
	l.diary.performed = append(l.diary.performed, placeOf(q))
	return json.RawMessage(fmt.Sprint(len(l.diary.performed) - 1)), nil
}

func (l *library) Recorded(_ context.Context, id uuid.UUID) (bool, error) {
	_, ok := l.kept[id]
	return ok, nil
}

func (l *library) Record(_ context.Context, answer event.Event) error {
	if err := l.fail("record", l.asking); err != nil {
		return err
	}
	if _, ok := l.kept[answer.ID]; !ok {
		l.kept[answer.ID] = string(answer.Data)
	}
	return l.fail("recorded", l.asking)
}

func openLibrary(d *diary) (*Outlet, *library) {
	l := &library{diary: d, kept: map[uuid.UUID]string{}, fail: func(string, effect.Effect) error { return nil }}
	o := open(d, Policy{}, d.at)
	o.AnswerWith(l, l)
	return o, l
}

// questions turns some of a batch's effects into queries.
func questions(b effect.Batch, is func(place) bool) effect.Batch {
	for i := range b.Effects {
		if f := &b.Effects[i]; is(placeOf(*f)) {
			f.Kind, f.Name, f.CauseTime = effect.Query, "SELECT 1", time.Unix(1, 0).UTC()
			f.CauseID, f.CorrelationID = uuid.UUID{1}, uuid.UUID{2}
		}
	}
	return b
}

// askedFirst is the order in which effects are performed: an event's queries before
// its other effects, and behind those of the events before.
func askedFirst(b effect.Batch) []place {
	effects := slices.Clone(b.Effects)
	slices.SortStableFunc(effects, func(x, y effect.Effect) int {
		switch {
		case x.Cause != y.Cause:
			return int(x.Cause) - int(y.Cause)
		case x.Kind == y.Kind:
			return 0
		case x.Kind == effect.Query:
			return -1
		}
		return 1
	})
	return placesOf(effect.Batch{Effects: effects})
}

// However a log is cut into batches, and wherever asking, recording and performing
// fail: each question is answered once, behind the effects of the events before its
// own and before those of its own, and no effect is performed twice.
func TestQuestionsBetweenEffects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &diary{transactional: rapid.Bool().Draw(t, "transactional")}
		whole := numbered(0, rapid.SliceOfN(rapid.IntRange(0, 3), 1, 10).Draw(t, "effects")...)
		asked := map[place]bool{}
		for _, p := range placesOf(whole) {
			asked[p] = rapid.Bool().Draw(t, "asks")
		}
		whole = questions(whole, func(p place) bool { return asked[p] })
		o, l := openLibrary(d)
		failures := 0
		if d.transactional { // else what a batch has done before it fails comes again
			failures = rapid.IntRange(0, 6).Draw(t, "failures")
		}
		trouble := func() error {
			if failures == 0 || rapid.IntRange(0, 3).Draw(t, "fails") > 0 {
				return nil
			}
			failures--
			return rapid.SampledFrom([]error{errDown, &effect.RetryError{Err: errDown}}).Draw(t, "how")
		}
		l.fail = func(what string, _ effect.Effect) error {
			if what == "query" {
				return trouble() // what is asked twice would be written down twice
			}
			return nil
		}
		d.fail = func(effect.Effect) error { return trouble() }
		for after := event.Position(0); after < whole.Through; {
			b := upTo(whole, after, event.Position(rapid.IntRange(int(after)+1, int(whole.Through)).Draw(t, "through")))
			if err := o.Perform(t.Context(), t.Context(), b); err != nil {
				if !errors.Is(err, errDown) {
					t.Fatal(err)
				}
				after = event.Position(rapid.IntRange(0, int(o.Position())).Draw(t, "rewind"))
				continue
			}
			after = b.Through
		}
		if diff := cmp.Diff(askedFirst(whole), d.performed, cmp.Comparer(func(a, b []place) bool { return slices.Equal(a, b) })); diff != "" {
			t.Errorf("performed (-want +got):\n%s", diff)
		}
	})
}

// upTo is the part of a batch in a range of positions.
func upTo(b effect.Batch, after, through event.Position) effect.Batch {
	part := b
	part.After, part.Through, part.Effects = after, through, nil
	for _, f := range b.Effects {
		if f.Cause > after && f.Cause <= through {
			part.Effects = append(part.Effects, f)
		}
	}
	return part
}

// What is recorded is the answer: it is not asked again by another outlet, and one
// that somebody else has recorded meanwhile stays.
func TestARecordedAnswerStays(t *testing.T) {
	all := questions(numbered(0, 1, 2), func(p place) bool { return p.Ordinal == 0 })
	o, l := openLibrary(&diary{})
	perform(t, o, all)
	first := fmt.Sprint(l.kept)
	if len(l.kept) != 2 {
		t.Fatalf("kept %s", first)
	}
	again, other := openLibrary(&diary{})
	other.kept = l.kept
	perform(t, again, all)
	if diff := cmp.Diff([]place{{2, 1}}, other.diary.performed); diff != "" || fmt.Sprint(l.kept) != first {
		t.Errorf("performed (-want +got):\n%s kept %v", diff, l.kept)
	}
}

// A question behind which something fails has been answered; one that is condemned,
// or whose answer no log takes, condemns its effect; a late one is asked wherever it
// stands.
func TestQuestionsThatFail(t *testing.T) {
	all := questions(numbered(0, 1, 1), func(place) bool { return true })
	for what, c := range map[string]struct {
		err              error
		poisoned, record bool
	}{
		"query":    {&effect.PoisonError{Cause: 2, Err: errDown}, true, false},
		"record":   {&UnfitAnswerError{errDown}, true, false},
		"recorded": {errDown, false, true},
	} {
		d := &diary{}
		o, l := openLibrary(d)
		l.fail = func(at string, f effect.Effect) error {
			if at == what && f.Cause == 2 {
				return c.err
			}
			return nil
		}
		err := o.Perform(t.Context(), t.Context(), all)
		var failed *Error
		cause, ordinal, poisoned := Poisoned(err)
		if !errors.Is(err, errDown) || !errors.As(err, &failed) || failed.Through != 1 || poisoned != c.poisoned || poisoned && (cause != 2 || ordinal != 0) {
			t.Errorf("%s: error %v", what, err)
		}
		if o.Position() != 1 || len(l.kept) != 1+map[bool]int{true: 1}[c.record] {
			t.Errorf("%s: at position %d with %d answers", what, o.Position(), len(l.kept))
		}
	}
	o, l := openLibrary(&diary{at: 5})
	late := questions(numbered(0, 2, 1), func(p place) bool { return p.Ordinal == 0 })
	late.After, late.Through, late.Late = 5, 5, true
	perform(t, o, late)
	if diff := cmp.Diff([]place{{1, 0}, {1, 1}, {2, 0}}, l.diary.performed); diff != "" || len(l.kept) != 2 {
		t.Errorf("late, performed (-want +got):\n%s", diff)
	}
}

// A replay asks nothing of an executor that is not to perform its effects.
func TestSuppressedQuestions(t *testing.T) {
	o := open(&diary{}, Policy{Suppress: true}, 0)
	l := &library{diary: &diary{}, kept: map[uuid.UUID]string{}, fail: func(string, effect.Effect) error { return nil }}
	o.AnswerWith(l, l)
	o.SuppressThrough(1, nil)
	perform(t, o, questions(numbered(0, 1, 1), func(place) bool { return true }))
	if diff := cmp.Diff([]place{{2, 0}}, l.diary.performed); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}
