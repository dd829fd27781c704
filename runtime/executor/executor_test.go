package executor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/executor"
	"github.com/refold-dev/refold/sdk/frame"
)

// plan is what a guest does with each effect, by its text, from one attempt to the
// next: "ok", "trap", "unmarked" (it traps before it marks anything), "retry",
// "poison", "fatal", "lie" (an outcome that is none), "late" (it traps behind all).
type plan struct {
	acts      map[string][]string
	performed []string
	started   int
	live      int
	refused   error
	closed    int
}

func (p *plan) Redact(text string) string { return strings.ReplaceAll(text, "s3cret", "[secret]") }
func (p *plan) Refused() error            { return p.refused }
func (p *plan) Close() error              { p.closed++; return nil }

// act is what is done with an effect this time.
func (p *plan) act(text string) string {
	acts := p.acts[text]
	if len(acts) == 0 {
		return "ok"
	}
	p.acts[text] = acts[1:]
	return acts[0]
}

type actor struct {
	plan *plan
	dead bool
}

func (a *actor) Close(context.Context) error {
	a.plan.live--
	return nil
}

func (a *actor) Execute(_ context.Context, effects []byte) ([]byte, error) {
	if a.dead {
		return nil, errors.New("a dead guest is called")
	}
	b, err := frame.OpenEffectBatch(effects)
	if err != nil {
		return nil, err
	}
	fault := func(at int) error {
		a.dead = true
		return &runtime.GuestError{Code: runtime.Trap, Plugin: "acting", Executor: true, Event: at, Reason: "trapped"}
	}
	late := false
	for i, e := range b.Effects() {
		o := frame.Outcome{Performed: i, Poison: i, Text: []byte("with s3cret")}
		switch act := a.plan.act(string(e.Body)); act {
		case "trap":
			return nil, fault(i)
		case "unmarked":
			return nil, fault(runtime.NoEvent)
		case "lie":
			return []byte("hello"), nil
		case "late":
			late = true
		case "ok":
		default:
			o.Status = map[string]frame.Status{"retry": frame.Retry, "poison": frame.Poison, "fatal": frame.Fatal}[act]
			o.After = 1500
			return frame.AppendOutcome(nil, &o), nil
		}
		a.plan.performed = append(a.plan.performed, string(e.Body))
	}
	if late {
		return nil, fault(b.Count())
	}
	return frame.AppendOutcome(nil, &frame.Outcome{Performed: b.Count()}), nil
}

func openPlan(t rapid.TB, p *plan, log *bytes.Buffer) *executor.Executor {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	if log != nil {
		logger = slog.New(slog.NewTextHandler(log, nil))
	}
	x, err := executor.Open(context.Background(), executor.Options{
		Name: "acting", Kinds: []effect.Kind{effect.Log, effect.Insert}, World: p, Logger: logger,
		Start: func(context.Context) (executor.Guest, error) {
			p.started++
			p.live++
			return &actor{plan: p}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// texts is a batch of a Log effect for each text.
func texts(list ...string) effect.Batch {
	b := effect.Batch{Pipeline: "p", Generation: 1, Through: event.Position(len(list))}
	for i, text := range list {
		b.Effects = append(b.Effects, effect.Effect{Kind: effect.Log, Cause: event.Position(i + 1), Body: []byte(text)})
	}
	return b
}

// verdict is what can be done about an error, on one line.
func verdict(err error) string {
	if err == nil {
		return "done"
	}
	var said []string
	var partial *effect.PartialError
	if errors.As(err, &partial) {
		said = append(said, fmt.Sprintf("done before %d", partial.Cause))
	}
	var poison *effect.PoisonError
	var retry *effect.RetryError
	switch {
	case errors.As(err, &poison):
		said = append(said, fmt.Sprintf("poison %d", poison.Cause))
	case errors.As(err, &retry):
		said = append(said, fmt.Sprintf("retry after %s", retry.After))
	default:
		said = append(said, "fatal")
	}
	return strings.Join(said, ", ")
}

func TestVerdicts(t *testing.T) {
	for _, tt := range []struct {
		name      string
		acts      map[string][]string
		want      string
		performed string
		started   int
	}{
		{"all is done", nil, "done", "a b c d", 1},
		{"a guest fails once", map[string][]string{"b": {"trap"}}, "done", "a b c d", 2},
		{"a guest fails twice at an effect", map[string][]string{"b": {"trap", "trap"}}, "done before 2, poison 2", "a", 2},
		{"a guest fails once at each", map[string][]string{"a": {"trap"}, "b": {"trap"}, "c": {"trap"}, "d": {"trap"}}, "done", "a b c d", 5},
		{"a guest fails without a mark", map[string][]string{"a": {"unmarked"}}, "done", "a b c d", 2},
		{"a guest fails twice without a mark", map[string][]string{"b": {"unmarked", "unmarked"}}, "fatal", "a a", 2},
		{"a guest fails at the first, then without a mark", map[string][]string{"a": {"trap", "unmarked"}}, "fatal", "", 2},
		{"a guest fails behind the last", map[string][]string{"d": {"late"}}, "done", "a b c d", 1},
		{"a guest lies once", map[string][]string{"a": {"lie"}}, "done", "a b c d", 2},
		{"a guest lies twice", map[string][]string{"a": {"lie", "lie"}}, "fatal", "", 2},
		{"it passes", map[string][]string{"c": {"retry"}}, "done before 3, retry after 1.5s", "a b", 1},
		{"it passes, at the first", map[string][]string{"a": {"retry"}}, "retry after 1.5s", "", 1},
		{"an effect is poison", map[string][]string{"d": {"poison"}}, "done before 4, poison 4", "a b c", 1},
		{"neither helps", map[string][]string{"b": {"fatal"}}, "done before 2, fatal", "a", 1},
		{"a guest fails, and then condemns", map[string][]string{"b": {"trap", "poison"}}, "done before 2, poison 2", "a", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &plan{acts: tt.acts}
			x := openPlan(t, p, nil)
			err := x.Execute(t.Context(), texts("a", "b", "c", "d"))
			if got := verdict(err); got != tt.want {
				t.Errorf("it says %s, want %s: %v", got, tt.want, err)
			}
			if got := strings.Join(p.performed, " "); got != tt.performed || p.started != tt.started {
				t.Errorf("performed %q by %d guests, want %q by %d", got, p.started, tt.performed, tt.started)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("it tells a secret: %v", err)
			}
			if err := errors.Join(x.Close(), x.Close()); err != nil || p.live != 0 || p.closed != 1 {
				t.Errorf("closed: %v, %d guests live, %d worlds closed", err, p.live, p.closed)
			}
			if err := x.Execute(t.Context(), texts("a")); !errors.Is(err, executor.ErrClosed) {
				t.Errorf("after it was closed: %v", err)
			}
		})
	}
}

// TestNothingIsLostOrTurned does what a caller does about errors: each effect is
// performed or condemned, in order, and what is said to be done was.
func TestNothingIsLostOrTurned(t *testing.T) {
	act := rapid.SampledFrom([]string{"ok", "ok", "trap", "unmarked", "retry", "poison", "lie", "late", "fatal"})
	rapid.Check(t, func(rt *rapid.T) {
		list := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{3}`), 1, 8, rapid.ID).Draw(rt, "texts")
		p := &plan{acts: map[string][]string{}}
		for _, text := range list {
			p.acts[text] = rapid.SliceOfN(act, 0, 4).Draw(rt, text)
		}
		x := openPlan(rt, p, nil)
		defer x.Close()
		b := texts(list...)
		condemned := map[string]bool{}
		for tries := 0; len(b.Effects) > 0; tries++ {
			if tries > 100 {
				rt.Fatal("it goes on for ever")
			}
			err := x.Execute(context.Background(), b)
			if err == nil {
				break
			}
			var poison *effect.PoisonError
			if errors.As(err, &poison) {
				condemned[list[poison.Cause-1]] = true
				b.Effects = without(b.Effects, poison.Cause)
			}
			var partial *effect.PartialError
			if errors.As(err, &partial) {
				b.Effects = from(b.Effects, partial.Cause)
			}
		}
		var once []string
		for _, text := range p.performed {
			if n := len(once); n == 0 || indexOf(list, text) > indexOf(list, once[n-1]) {
				once = append(once, text)
			}
		}
		var want []string
		for _, text := range list {
			if !condemned[text] {
				want = append(want, text)
			}
		}
		// What was condemned may have been performed before.
		if diff := cmp.Diff(want, removed(once, condemned)); diff != "" {
			rt.Fatalf("performed %v, condemned %v (-want +got):\n%s", p.performed, condemned, diff)
		}
	})
}

func indexOf(list []string, text string) int {
	for i, t := range list {
		if t == text {
			return i
		}
	}
	return -1
}

func removed(list []string, condemned map[string]bool) (left []string) {
	for _, text := range list {
		if !condemned[text] {
			left = append(left, text)
		}
	}
	return left
}

func without(list []effect.Effect, cause event.Position) (left []effect.Effect) {
	for _, f := range list {
		if f.Cause != cause {
			left = append(left, f)
		}
	}
	return left
}

func from(list []effect.Effect, cause event.Position) (left []effect.Effect) {
	for _, f := range list {
		if f.Cause >= cause {
			left = append(left, f)
		}
	}
	return left
}

// TestEffectsAreHandedOver: all that an effect has, with its id, and no kind that the
// guest does not perform.
func TestEffectsAreHandedOver(t *testing.T) {
	var got []frame.BatchedEffect
	var header frame.EffectBatchHeader
	x, err := executor.Open(t.Context(), executor.Options{
		Name: "acting", Kinds: []effect.Kind{effect.Log, effect.Update}, World: &plan{}, Logger: slog.New(slog.DiscardHandler),
		Start: func(context.Context) (executor.Guest, error) {
			return recording(func(b frame.EffectBatch) {
				header = b.Header()
				for _, e := range b.Effects() {
					e.Name, e.Key, e.Body = bytes.Clone(e.Name), bytes.Clone(e.Key), bytes.Clone(e.Body)
					got = append(got, e)
				}
			}), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if !x.Handles(effect.Log) || x.Handles(effect.Insert) || !x.Active() {
		t.Error("it handles other kinds, or is not active")
	}
	at := time.Unix(1_700_000_000, 1).In(time.FixedZone("", 3600))
	update := effect.Effect{Kind: effect.Update, Cause: 7, Ordinal: 3, CauseID: [16]byte{1}, CorrelationID: [16]byte{2}, CauseTime: at, Name: "items", Key: "a", Body: []byte(`{"n":1}`)}
	line := effect.Effect{Kind: effect.Log, Level: effect.Warn, Cause: 8, CauseTime: at, Body: []byte("low")}
	b := effect.Batch{Pipeline: "stock", Generation: 2, After: 6, Through: 9, Effects: []effect.Effect{update, {Kind: effect.Insert, Cause: 7, Ordinal: 4}, line}}
	if err := x.Execute(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	want := []frame.BatchedEffect{
		{Kind: frame.Update, Cause: 7, Ordinal: 3, ID: effect.ID("stock", 2, 7, 3), CauseID: [16]byte{1}, CorrelationID: [16]byte{2},
			Time: 1_700_000_000_000_000_001, Name: []byte("items"), Key: []byte("a"), Body: []byte(`{"n":1}`)},
		{Kind: frame.Log, Level: 2, Cause: 8, ID: effect.ID("stock", 2, 8, 0), Time: 1_700_000_000_000_000_001, Body: []byte("low")},
	}
	if diff := cmp.Diff(want, got); diff != "" || header != (frame.EffectBatchHeader{Pipeline: "stock", Generation: 2, After: 6, Through: 9}) {
		t.Errorf("header %+v (-want +got):\n%s", header, diff)
	}
	got = nil
	if err := x.Execute(t.Context(), effect.Batch{Through: 20}); err != nil || got != nil {
		t.Errorf("an empty batch: %v", err)
	}
}

// recording performs all, and tells of each batch.
type recording func(frame.EffectBatch)

func (r recording) Close(context.Context) error { return nil }

func (r recording) Execute(_ context.Context, effects []byte) ([]byte, error) {
	b, err := frame.OpenEffectBatch(effects)
	if err != nil {
		return nil, err
	}
	r(b)
	return frame.AppendOutcome(nil, &frame.Outcome{Performed: b.Count()}), nil
}

// TestLargeBatches: what does not fit into a frame goes in several, in order; what
// fits into none is condemned.
func TestLargeBatches(t *testing.T) {
	var sizes []int
	x, err := executor.Open(t.Context(), executor.Options{
		Name: "acting", Kinds: []effect.Kind{effect.Log}, World: &plan{}, Logger: slog.New(slog.DiscardHandler),
		Start: func(context.Context) (executor.Guest, error) {
			return recording(func(b frame.EffectBatch) { sizes = append(sizes, b.Count()) }), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	b := texts("a", "b", "c", "d", "e")
	for i := range b.Effects[:4] {
		b.Effects[i].Body = make([]byte, frame.MaxSize/3)
	}
	if err := x.Execute(t.Context(), b); err != nil || fmt.Sprint(sizes) != "[2 3]" {
		t.Errorf("frames of %v effects: %v", sizes, err)
	}
	b.Effects[3].Body = make([]byte, frame.MaxSize)
	if err := x.Execute(t.Context(), b); verdict(err) != "done before 4, poison 4" {
		t.Errorf("an effect that is too large: %v", err)
	}
}

// TestStartFails: an executor whose guest does not start is not opened, and closes
// what it was given.
func TestStartFails(t *testing.T) {
	p, broken := &plan{}, errors.New("broken")
	_, err := executor.Open(t.Context(), executor.Options{World: p, Start: func(context.Context) (executor.Guest, error) { return nil, broken }})
	if !errors.Is(err, broken) || p.closed != 1 {
		t.Errorf("error %v, closed %d times", err, p.closed)
	}
}

// TestFailuresAreLogged, with the guest's and the pipeline's names.
func TestFailuresAreLogged(t *testing.T) {
	var log bytes.Buffer
	p := &plan{acts: map[string][]string{"b": {"trap"}}}
	x := openPlan(t, p, &log)
	defer x.Close()
	if err := x.Execute(t.Context(), texts("a", "b")); err != nil {
		t.Fatal(err)
	}
	if text := log.String(); !strings.Contains(text, "plugin=acting pipeline=p") || !strings.Contains(text, "effect 1 of the batch: trapped") {
		t.Errorf("the log is %s", text)
	}
}
