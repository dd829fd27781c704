package executortest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/effect"
)

// fails returns the case that makes an executor fail, looks at what the error
// says, and does what a caller would do about it. Then all has happened once and
// in order, but for what is condemned.
func fails(how Failure) func(*testing.T, *bench) {
	return func(t *testing.T, b *bench) {
		provoke := b.store.Provoke[how]
		if provoke == nil {
			t.Skipf("the executor has no %s errors", how)
		}
		e := b.open(t, 1)
		execute(t, e, 0, 1, b.marked(1, "a"))
		cause := provoke(t)
		failing := b.marked(2, Failing)
		if cause.Effect.Kind != 0 {
			failing = cause.Effect
			failing.Cause = 2
		}
		handedIn := batch(1, 1, 3, b.marked(2, "b"), failing, b.marked(3, "d"))
		err := e.Execute(t.Context(), handedIn)
		wantFailure(t, err, how)
		left := rest(t, handedIn, err)
		if b.suite.Features.Transactional {
			wantPosition(t, e, 1)
			b.wantPerformed(t, "a")
		}
		switch {
		case how == Poison:
			left.Effects = slices.DeleteFunc(slices.Clone(left.Effects), func(f effect.Effect) bool { return f.Cause == 2 && f.Ordinal == 1 })
			b.mustExecute(t, e, left)
			b.wantPerformed(t, "a", "b", "d")
		case cause.Mend != nil:
			cause.Mend()
			b.mustExecute(t, e, left)
			b.wantPerformed(t, "a", "b", Failing, "d")
		}
	}
}

// wantFailure holds an error to one class. What an effect is condemned for is
// looked at before what passes, so an error may not say both.
func wantFailure(t *testing.T, err error, how Failure) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that is %s", how)
	}
	var r interface {
		error
		Retryable() (time.Duration, bool)
	}
	passes := false
	if errors.As(err, &r) {
		_, passes = r.Retryable()
	}
	cause, ordinal, condemns := poisoned(err)
	if passes != (how == Retryable) || condemns != (how == Poison) {
		t.Errorf("the error %v passes: %v, condemns an effect: %v; want one that is %s", err, passes, condemns, how)
	}
	if condemns && (cause != 2 || ordinal != 1) {
		t.Errorf("the error %v condemns effect %d of event %d, want effect 1 of event 2", err, ordinal, cause)
	}
}
