package executortest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

// needsMarks skips a case that hands in marked effects.
func (b *bench) needsMarks(t *testing.T) {
	t.Helper()
	if b.store.Effect == nil && !b.suite.Features.Rows {
		t.Skip("the store makes no marked effects")
	}
}

// marked is an effect with a mark.
func (b *bench) marked(cause event.Position, mark string) effect.Effect {
	f := insert(cause, "accounts", fmt.Sprintf(`{"id":%q}`, mark))
	if b.store.Effect != nil {
		f = b.store.Effect(mark)
	}
	f.Cause = cause
	return f
}

// wantPerformed compares the marks of what has been performed: in order, if that
// shows, or as rows.
func (b *bench) wantPerformed(t *testing.T, want ...string) {
	t.Helper()
	if b.store.Performed != nil {
		if diff := cmp.Diff(want, b.performed(t)); diff != "" {
			t.Errorf("performed (-want +got):\n%s", diff)
		}
	} else if b.suite.Features.Rows {
		rows := map[string]string{}
		for _, mark := range want {
			rows[mark] = fmt.Sprintf(`{"id":%q,"owner":null,"balance":null}`, mark)
		}
		b.wantRows(t, "accounts", rows)
	}
}

// performed is never nil without a reason: cmp tells nil from empty.
func (b *bench) performed(t *testing.T) []string {
	t.Helper()
	return append([]string(nil), b.store.Performed(t)...)
}

// rest is what is to be handed in again after an error: the whole batch, or what
// is behind a part that is said to be done.
func rest(t *testing.T, failed effect.Batch, err error) effect.Batch {
	t.Helper()
	var p interface {
		error
		Partial() (event.Position, uint32)
	}
	if !errors.As(err, &p) {
		return failed
	}
	cause, ordinal := p.Partial()
	at := slices.IndexFunc(failed.Effects, func(f effect.Effect) bool { return f.Cause == cause && f.Ordinal == ordinal })
	if at < 0 {
		t.Fatalf("the error %v says that all is done before effect %d of event %d, which the batch does not have", err, ordinal, cause)
	}
	failed.Effects = failed.Effects[at:]
	return failed
}

// inOrderOnce performs effects in batches of many sizes.
func inOrderOnce(t *testing.T, b *bench) {
	b.needsMarks(t)
	e := b.open(t, 1)
	var want []string
	after := event.Position(0)
	for size := range 9 {
		var effects []effect.Effect
		for i := range size * size {
			mark := fmt.Sprintf("%d-%d", size, i)
			want = append(want, mark)
			effects = append(effects, b.marked(after+1+event.Position(i/3), mark))
		}
		through := after + 1 + event.Position(size*size/3)
		execute(t, e, after, through, effects...)
		after = through
	}
	b.wantPerformed(t, want...)
}

// repeatedOnce hands in what has been performed: at once, after what followed it,
// by another executor, and with something new.
func repeatedOnce(t *testing.T, b *bench) {
	b.needsMarks(t)
	e := b.open(t, 1)
	first := []effect.Effect{b.marked(1, "a"), b.marked(1, "b")}
	execute(t, e, 0, 1, first...)
	execute(t, e, 0, 1, first...)
	execute(t, e, 1, 2, b.marked(2, "c"))
	execute(t, e, 0, 1, first...)
	closeExecutor(t, e)
	e = b.open(t, 1)
	execute(t, e, 0, 3, append(first, b.marked(2, "c"), b.marked(3, "d"))...)
	b.wantPerformed(t, "a", "b", "c", "d")
}

// cancelledPrefix cancels a batch at many of the executor's looks at the context:
// what has been performed is the batch's beginning, and the rest can be handed in.
func cancelledPrefix(t *testing.T, b *bench) {
	b.needsMarks(t)
	if b.store.Performed == nil {
		t.Skip("the order in which effects are performed does not show")
	}
	const enough = 10_000
	for looks := 1; looks < enough; looks += 1 + looks/8 {
		ctx := newCountdown(t, looks)
		t.Run(fmt.Sprintf("look %d", looks), func(t *testing.T) { cancelledWithin(t, b.another(t), ctx) })
		if ctx.left.Load() > 0 {
			return
		}
	}
	t.Errorf("a batch of six effects looks at its context more than %d times", enough)
}

func cancelledWithin(t *testing.T, b *bench, ctx context.Context) {
	marks := []string{"a", "b", "c", "d", "e", "f"}
	var effects []effect.Effect
	for i, mark := range marks {
		effects = append(effects, b.marked(event.Position(1+i/2), mark))
	}
	e := b.open(t, 1)
	handedIn := batch(1, 0, 3, effects...)
	err := e.Execute(ctx, handedIn)
	if err == nil {
		b.wantPerformed(t, marks...)
		return
	}
	if _, _, ok := poisoned(err); ok {
		t.Errorf("got error %v, which condemns an effect for a context that is cancelled", err)
	}
	left := rest(t, handedIn, err)
	done := b.performed(t)
	if len(done) > len(marks) || !slices.Equal(done, marks[:len(done)]) {
		t.Fatalf("performed %v, which is no beginning of %v", done, marks)
	}
	said := len(marks) - len(left.Effects)
	if said > len(done) {
		t.Fatalf("performed %v, but the error %v says that %v is done", done, err, marks[:said])
	}
	if !b.once() {
		done = slices.Concat(done, marks[said:])
	} else {
		done = marks
	}
	b.mustExecute(t, e, left)
	b.wantPerformed(t, done...)
}

// once reports whether what is handed in again is performed once.
func (b *bench) once() bool { return b.suite.Features.Transactional || b.suite.Features.Idempotent }

// mustExecute performs what is left of a batch that has failed.
func (b *bench) mustExecute(t *testing.T, e engine.Executor, left effect.Batch) {
	t.Helper()
	if err := e.Execute(t.Context(), left); err != nil {
		t.Fatalf("execute the rest of the batch: %v", err)
	}
}
