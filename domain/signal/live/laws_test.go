package live_test

import (
	"fmt"
	"iter"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/signal"
	"github.com/refold-dev/refold/domain/signal/live"
)

// form is one combinator, with drawn arguments, in both its forms. Occurrences
// of other types than int are spelled out.
type form struct {
	inMemory func(a, b signal.DiscreteEvent[int]) signal.DiscreteEvent[string]
	live     func(a, b live.Stream[int]) live.Stream[string]
	inputs   int // 2 if b is used
	ahead    int // how many inputs it looks ahead in
}

func text(n int) string { return fmt.Sprint(n) }

// oneToOne is a form that keeps the type and looks at one input.
func oneToOne(inMemory func(signal.DiscreteEvent[int]) signal.DiscreteEvent[int], alive func(live.Stream[int]) live.Stream[int]) form {
	return form{
		func(a, _ signal.DiscreteEvent[int]) signal.DiscreteEvent[string] {
			return signal.MapEvents(inMemory(a), text)
		},
		func(a, _ live.Stream[int]) live.Stream[string] { return live.Map(alive(a), text) },
		1, 0,
	}
}

var forms = map[string]func(t *rapid.T) form{
	"Map": func(t *rapid.T) form {
		f := drawFunc(t, "f")
		return oneToOne(
			func(a signal.DiscreteEvent[int]) signal.DiscreteEvent[int] { return signal.MapEvents(a, f) },
			func(a live.Stream[int]) live.Stream[int] { return live.Map(a, f) })
	},
	"Filter": func(t *rapid.T) form {
		p := drawPredicate(t, "p")
		return oneToOne(
			func(a signal.DiscreteEvent[int]) signal.DiscreteEvent[int] { return signal.Filter(a, p) },
			func(a live.Stream[int]) live.Stream[int] { return live.Filter(a, p) })
	},
	"Take": func(t *rapid.T) form {
		n := rapid.IntRange(-2, 14).Draw(t, "n")
		return oneToOne(
			func(a signal.DiscreteEvent[int]) signal.DiscreteEvent[int] { return signal.Take(a, n) },
			func(a live.Stream[int]) live.Stream[int] { return live.Take(a, n) })
	},
	"Skip": func(t *rapid.T) form {
		n := rapid.IntRange(-2, 14).Draw(t, "n")
		return oneToOne(
			func(a signal.DiscreteEvent[int]) signal.DiscreteEvent[int] { return signal.Skip(a, n) },
			func(a live.Stream[int]) live.Stream[int] { return live.Skip(a, n) })
	},
	"Scan": func(*rapid.T) form {
		return form{
			func(a, _ signal.DiscreteEvent[int]) signal.DiscreteEvent[string] { return signal.Scan(a, "", spell) },
			func(a, _ live.Stream[int]) live.Stream[string] { return live.Scan(a, "", spell) },
			1, 0,
		}
	},
	"Merge": func(*rapid.T) form {
		return form{
			func(a, b signal.DiscreteEvent[int]) signal.DiscreteEvent[string] {
				return signal.MapEvents(signal.Merge(a, b), text)
			},
			func(a, b live.Stream[int]) live.Stream[string] { return live.Map(live.Merge(a, b), text) },
			2, 2,
		}
	},
	"Snapshot of Of": func(*rapid.T) form {
		return form{
			func(a, _ signal.DiscreteEvent[int]) signal.DiscreteEvent[string] {
				return signal.Snapshot(a, linear(1), pair[int, int])
			},
			func(a, _ live.Stream[int]) live.Stream[string] {
				return live.Snapshot(a, live.Of(linear(1)), pair[int, int])
			},
			1, 0,
		}
	},
	"Snapshot of Stepper": func(*rapid.T) form {
		return form{
			func(a, b signal.DiscreteEvent[int]) signal.DiscreteEvent[string] {
				return signal.Snapshot(a, signal.Stepper("", signal.Scan(b, "", spell)), pair[int, string])
			},
			func(a, b live.Stream[int]) live.Stream[string] {
				return live.Snapshot(a, live.Stepper("", live.Scan(b, "", spell)), pair[int, string])
			},
			2, 1,
		}
	},
	"Snapshot of Switch": func(*rapid.T) form {
		return form{
			func(a, b signal.DiscreteEvent[int]) signal.DiscreteEvent[string] {
				return signal.Snapshot(a, signal.Switch(linear(-1), signal.MapEvents(b, linear)), pair[int, int])
			},
			func(a, b live.Stream[int]) live.Stream[string] {
				return live.Snapshot(a, live.Switch(linear(-1), live.Map(b, linear)), pair[int, int])
			},
			2, 1,
		}
	},
	"Ordered": func(*rapid.T) form {
		return oneToOne(
			func(a signal.DiscreteEvent[int]) signal.DiscreteEvent[int] { return a },
			func(a live.Stream[int]) live.Stream[int] { return live.Ordered(a, new(error)) })
	},
	"Monotone": func(*rapid.T) form {
		return oneToOne(
			func(a signal.DiscreteEvent[int]) signal.DiscreteEvent[int] { return a },
			func(a live.Stream[int]) live.Stream[int] { return live.Monotone(a) })
	},
}

// eachForm runs a property for each combinator.
func eachForm(t *testing.T, property func(t *rapid.T, f form)) {
	for name, draw := range forms {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { property(t, draw(t)) })
		})
	}
}

func TestBothFormsAgree(t *testing.T) {
	eachForm(t, func(t *rapid.T, f form) {
		a, b := drawEvent(t, "a"), drawEvent(t, "b")
		stream := f.live(a.All(), b.All())
		want := f.inMemory(a, b).Occurrences()
		mustEqual(t, "live", want, collect(stream))
		mustEqual(t, "the same stream again", want, collect(stream))
		mustEqual(t, "collected", want, signal.Collect(stream).Occurrences())
		mustEqual(t, "from sources that can be read once", want, collect(f.live(newSource(a).stream(), newSource(b).stream())))
	})
}

// TestBreakStopsTheSources: whoever leaves after n occurrences has the first n,
// and no source runs on, or was pulled further than was needed.
func TestBreakStopsTheSources(t *testing.T) {
	eachForm(t, func(t *rapid.T, f form) {
		a, b := drawEvent(t, "a"), drawEvent(t, "b")
		all := f.inMemory(a, b).Occurrences()
		n := rapid.IntRange(1, 14).Draw(t, "n")
		left, right := newSource(a), newSource(b)
		stream := f.live(left.stream(), right.stream())
		if left.loops+right.loops > 0 {
			t.Fatal("a source was started before anyone asked")
		}
		var got []signal.Occurrence[string]
		for o := range stream {
			if got = append(got, o); len(got) == n {
				break
			}
		}
		mustEqual(t, "up to the break", all[:min(n, len(all))], got)
		for _, s := range []*source{left, right} {
			if s.loops != s.stopped || s.loops > 1 {
				t.Fatalf("a source was started %d times and stopped %d times", s.loops, s.stopped)
			}
		}
		if f.inputs == 1 && right.loops > 0 {
			t.Fatal("the other source was started")
		}
	})
}

// TestLookahead: at each occurrence, the sources have been pulled for those that
// were needed to know it, and one more from each source at most.
func TestLookahead(t *testing.T) {
	eachForm(t, func(t *rapid.T, f form) {
		a, b := drawEvent(t, "a"), drawEvent(t, "b")
		left, right := newSource(a), newSource(b)
		for o := range f.live(left.stream(), right.stream()) {
			pulled := []int{left.pulled, right.pulled}
			// Neither source can have been pulled past the first after o's time,
			// since everything before it belongs to what is known by then.
			for i, e := range []signal.DiscreteEvent[int]{a, b}[:f.inputs] {
				due := len(collect(takeUntil(e, o.Time)))
				if pulled[i] > due+min(f.ahead, 1) {
					t.Fatalf("at %d, input %d: %d pulled where %d are due", o.Time, i, pulled[i], due)
				}
			}
		}
	})
}

func takeUntil(e signal.DiscreteEvent[int], at signal.Time) iter.Seq[occurrence] {
	return func(yield func(occurrence) bool) {
		for o := range e.All() {
			if o.Time > at || !yield(o) {
				return
			}
		}
	}
}

// TestStepwiseCombinatorsArePrompt: where nothing is looked ahead for, an
// occurrence is out before the next one is asked for.
func TestStepwiseCombinatorsArePrompt(t *testing.T) {
	eachForm(t, func(t *rapid.T, f form) {
		if f.inputs > 1 {
			return // TestLookahead's
		}
		a := drawEvent(t, "a")
		s := newSource(a)
		for i := range a.Len() {
			want := f.inMemory(signal.Take(a, i+1), signal.Empty[int]()).Len()
			s.left, s.pulled = a.Occurrences(), 0
			got := 0
			for range f.live(s.stream(), live.Empty[int]()) {
				if s.pulled <= i+1 {
					got++
				}
			}
			mustEqual(t, fmt.Sprintf("yielded once %d are pulled", i+1), want, got)
		}
	})
}

// TestMergeIsPrompt: what Merge yields is the last that it has pulled from that
// side, so that it never waits for a side's next before it passes on its last.
func TestMergeIsPrompt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		left := newSource(drawEvent(t, "a"))
		right := newSource(signal.MapEvents(drawEvent(t, "b"), func(n int) int { return -1 - n }))
		fromLeft, fromRight := 0, 0
		for o := range live.Merge(left.stream(), right.stream()) {
			if o.Value >= 0 {
				fromLeft++
				mustEqual(t, "pulled from the left", fromLeft, left.pulled)
			} else {
				fromRight++
				mustEqual(t, "pulled from the right", fromRight, right.pulled)
			}
		}
	})
}

func TestPanicStopsTheSources(t *testing.T) {
	eachForm(t, func(t *rapid.T, f form) {
		left, right := newSource(drawEvent(t, "a")), newSource(drawEvent(t, "b"))
		func() {
			defer func() { _ = recover() }()
			for range f.live(left.stream(), right.stream()) {
				panic("in the consumer")
			}
		}()
		if left.loops != left.stopped || right.loops != right.stopped {
			t.Fatal("a source runs on after the consumer's panic")
		}
	})
}

func TestPanicOfOneSourceStopsTheOther(t *testing.T) {
	failing := func(yield func(occurrence) bool) {
		if yield(on(1, 1)) {
			panic("in a source")
		}
	}
	for name, merge := range map[string]func(live.Stream[int]) live.Stream[int]{
		"left":  func(other live.Stream[int]) live.Stream[int] { return live.Merge(failing, other) },
		"right": func(other live.Stream[int]) live.Stream[int] { return live.Merge(other, failing) },
	} {
		t.Run(name, func(t *testing.T) {
			other := newSource(signal.FromSlice([]occurrence{on(1, 1), on(2, 2), on(3, 3)}))
			defer func() {
				mustEqual(t, "panic", "in a source", recover())
				mustEqual(t, "loops stopped", 1, other.stopped)
			}()
			collect(merge(other.stream()))
		})
	}
}

func TestMergeLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawEvent(t, "a").All(), drawEvent(t, "b").All(), drawEvent(t, "c").All()
		mustEqual(t, "associative", collect(live.Merge(live.Merge(a, b), c)), collect(live.Merge(a, live.Merge(b, c))))
		mustEqual(t, "unit on the right", collect(a), collect(live.Merge(a, live.Empty[int]())))
		mustEqual(t, "unit on the left", collect(a), collect(live.Merge(live.Empty[int](), a)))
	})
}

func TestFunctorAndFilterLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, f, g := drawEvent(t, "a").All(), drawFunc(t, "f"), drawFunc(t, "g")
		p, q := drawPredicate(t, "p"), drawPredicate(t, "q")
		mustEqual(t, "map of the identity", collect(a), collect(live.Map(a, func(n int) int { return n })))
		composed := live.Map(a, func(n int) int { return g(f(n)) })
		mustEqual(t, "map g after map f", collect(composed), collect(live.Map(live.Map(a, f), g)))
		mustEqual(t, "filter of true", collect(a), collect(live.Filter(a, func(int) bool { return true })))
		both := live.Filter(a, func(n int) bool { return p(n) && q(n) })
		mustEqual(t, "filter p after filter q", collect(both), collect(live.Filter(live.Filter(a, q), p)))
	})
}

func TestScanTakeAndSkipLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, n := drawEvent(t, "e"), rapid.IntRange(-2, 14).Draw(t, "n")
		a := e.All()
		fold := live.Fold(a, "seed", spell)
		mustEqual(t, "fold is that in memory", signal.Fold(e, "seed", spell), fold)
		last := "seed"
		for o := range live.Scan(a, "seed", spell) {
			last = o.Value
		}
		mustEqual(t, "last of scan is fold", fold, last)
		mustEqual(t, "take n ++ skip n", collect(a), append(collect(live.Take(a, n)), collect(live.Skip(a, n))...))

		once := newSource(e)
		taken := collect(live.Take(once.stream(), n))
		mustEqual(t, "take, and go on with the same source", collect(a), append(taken, collect(once.stream())...))
	})
}

func TestBehaviorsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, times := drawEvent(t, "e"), drawTimes(t)
		b := linear(-1)
		at := func(b signal.Behavior[int]) []int {
			var values []int
			for _, o := range signal.Sample(b, times...).Occurrences() {
				values = append(values, o.Value)
			}
			return values
		}
		sampled := func(b live.Behavior[int]) []int { return collect(b(slices.Values(times))) }
		mustEqual(t, "of", at(b), sampled(live.Of(b)))
		mustEqual(t, "stepper", at(signal.Stepper(-1, e)), sampled(live.Stepper(-1, e.All())))
		mustEqual(t, "switch", at(signal.Switch(b, signal.MapEvents(e, linear))), sampled(live.Switch(b, live.Map(e.All(), linear))))
		mustEqual(t, "switch without events", at(b), sampled(live.Switch(b, live.Empty[signal.Behavior[int]]())))
		state := signal.Accumulate(e.Occurrences(), 7, func(s, n int) int { return 3*s + n })
		mustEqual(t, "stepper of scan is accumulate", at(state),
			sampled(live.Stepper(7, live.Scan(e.All(), 7, func(s, n int) int { return 3*s + n }))))

		once := newSource(e)
		for range live.Stepper(-1, once.stream())(slices.Values(times)) {
			break
		}
		if once.loops != once.stopped {
			t.Fatal("the source runs on after a break")
		}
	})
}
