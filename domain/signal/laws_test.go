package signal_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/signal"
)

func identity[A any](a A) A { return a }

func TestBehaviorIsAFunctor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, f, g := drawBehavior(t, "b"), drawFunc(t, "f"), drawFunc(t, "g")
		mustBehaveLike(t, "map of the identity", b, signal.Map(b, identity))
		composed := signal.Map(b, func(n int) int { return g(f(n)) })
		mustBehaveLike(t, "map g after map f", composed, signal.Map(signal.Map(b, f), g))
	})
}

func TestDiscreteEventIsAFunctor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, f, g := drawEvent(t, "e"), drawFunc(t, "f"), drawFunc(t, "g")
		mustHappenLike(t, "map of the identity", e, signal.MapEvents(e, identity))
		composed := signal.MapEvents(e, func(n int) int { return g(f(n)) })
		mustHappenLike(t, "map g after map f", composed, signal.MapEvents(signal.MapEvents(e, f), g))
	})
}

// table is a Samplable that is no Behavior.
type table []int

func (s table) At(t signal.Time) int {
	if t < 0 || len(s) == 0 {
		return -1
	}
	return s[min(int(min(t, lastTime)), len(s)-1)]
}

func drawTable(t *rapid.T, label string) table {
	return rapid.SliceOfN(rapid.IntRange(0, 99), 0, lastTime+1).Draw(t, label)
}

// TestSamplablesAreTakenAsTheyAre: a combinator makes of any samplable what it
// makes of the behavior that FromFunc makes of it.
func TestSamplablesAreTakenAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y, z := drawTable(t, "x"), drawTable(t, "y"), drawTable(t, "z")
		a, b, c := signal.FromFunc(x.At), signal.FromFunc(y.At), signal.FromFunc(z.At)
		triple := func(x, y, z int) string { return pair(pair(x, y), z) }
		mustBehaveLike(t, "map of the identity", a, signal.Map(x, identity))
		mustBehaveLike(t, "apply2", signal.Apply2(a, b, pair[int, int]), signal.Apply2(x, y, pair[int, int]))
		mustBehaveLike(t, "apply3", signal.Apply3(a, b, c, triple), signal.Apply3(x, y, z, triple))
		f := drawFunctions(t, "f")
		mustBehaveLike(t, "ap", signal.Ap(f, a), signal.Ap(f, x))
		e, times := drawEvent(t, "e"), rapid.SliceOf(rapid.Custom(func(t *rapid.T) signal.Time { return drawTime(t, "time") })).Draw(t, "times")
		mustHappenLike(t, "sample", signal.Sample(a, times...), signal.Sample(x, times...))
		mustHappenLike(t, "snapshot", signal.Snapshot(e, a, pair[int, int]), signal.Snapshot(e, x, pair[int, int]))
	})
}

type function = func(int) int

// drawFunctions draws a behavior of functions.
func drawFunctions(t *rapid.T, label string) signal.Behavior[function] {
	f, g := drawFunc(t, label), drawFunc(t, label+" later")
	return signal.Stepper(f, signal.FromSlice([]signal.Occurrence[function]{{Time: drawTime(t, "change"), Value: g}}))
}

func TestBehaviorIsApplicative(t *testing.T) {
	pure := signal.Constant[function]
	rapid.Check(t, func(t *rapid.T) {
		b, x := drawBehavior(t, "b"), rapid.Int().Draw(t, "x")
		f, u, v := drawFunc(t, "f"), drawFunctions(t, "u"), drawFunctions(t, "v")

		mustBehaveLike(t, "identity", b, signal.Ap(pure(identity[int]), b))
		mustBehaveLike(t, "homomorphism", signal.Constant(f(x)), signal.Ap(pure(f), signal.Constant(x)))

		applied := signal.Constant(func(f function) int { return f(x) })
		mustBehaveLike(t, "interchange", signal.Ap(u, signal.Constant(x)), signal.Ap(applied, u))

		compose := func(f function) func(function) function {
			return func(g function) function { return func(n int) int { return f(g(n)) } }
		}
		composed := signal.Ap(signal.Ap(signal.Ap(signal.Constant(compose), u), v), b)
		mustBehaveLike(t, "composition", signal.Ap(u, signal.Ap(v, b)), composed)

		mustBehaveLike(t, "map is ap of pure", signal.Map(b, f), signal.Ap(pure(f), b))
	})
}

func TestApplyIsApplicationAtEachTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawBehavior(t, "a"), drawBehavior(t, "b"), drawBehavior(t, "c")
		curried := signal.Map(a, func(x int) func(int) string {
			return func(y int) string { return pair(x, y) }
		})
		two := signal.Apply2(a, b, pair[int, int])
		mustBehaveLike(t, "apply2", signal.Ap(curried, b), two)
		three := signal.Apply3(a, b, c, func(x, y, z int) string { return pair(pair(x, y), z) })
		mustBehaveLike(t, "apply3", signal.Apply2(two, c, pair[string, int]), three)
		for _, at := range comparedTimes() {
			mustEqual(t, "apply2 by hand", pair(a.At(at), b.At(at)), two.At(at))
		}
	})
}

func TestFilterLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, f := drawEvent(t, "e"), drawFunc(t, "f")
		p, q := drawPredicate(t, "p"), drawPredicate(t, "q")
		mustHappenLike(t, "filter of true", e, signal.Filter(e, func(int) bool { return true }))
		mustHappenLike(t, "filter of false", signal.Empty[int](), signal.Filter(e, func(int) bool { return false }))
		both := signal.Filter(e, func(n int) bool { return p(n) && q(n) })
		mustHappenLike(t, "filter p after filter q", both, signal.Filter(signal.Filter(e, q), p))
		after := signal.Filter(signal.MapEvents(e, f), p)
		mustHappenLike(t, "filter after map", after, signal.MapEvents(signal.Filter(e, func(n int) bool { return p(f(n)) }), f))
	})
}

func TestMergeLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawEvent(t, "a"), drawEvent(t, "b"), drawEvent(t, "c")
		f, p := drawFunc(t, "f"), drawPredicate(t, "p")
		merged := signal.Merge(a, b)
		mustHappenLike(t, "associative", signal.Merge(merged, c), signal.Merge(a, signal.Merge(b, c)))
		mustHappenLike(t, "unit on the right", a, signal.Merge(a, signal.Empty[int]()))
		mustHappenLike(t, "unit on the left", a, signal.Merge(signal.DiscreteEvent[int]{}, a))
		mustHappenLike(t, "left first", signal.FromSlice(append(a.Occurrences(), b.Occurrences()...)), merged)
		mustHappenLike(t, "map", signal.MapEvents(merged, f), signal.Merge(signal.MapEvents(a, f), signal.MapEvents(b, f)))
		mustHappenLike(t, "filter", signal.Filter(merged, p), signal.Merge(signal.Filter(a, p), signal.Filter(b, p)))
	})
}

func TestScanLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEvent(t, "e")
		scanned := signal.Scan(e, "seed", spell).Occurrences()
		last := "seed"
		if len(scanned) > 0 {
			last = scanned[len(scanned)-1].Value
		}
		mustEqual(t, "last of scan is fold", signal.Fold(e, "seed", spell), last)
		for i, o := range e.Occurrences() {
			want := signal.Occurrence[string]{Time: o.Time, Value: signal.Fold(signal.Take(e, i+1), "seed", spell)}
			mustEqual(t, "a step of scan is the fold so far", want, scanned[i])
		}
		mustEqual(t, "as many as occurrences", e.Len(), len(scanned))
		f := drawFunc(t, "f")
		mapped := signal.Fold(e, "seed", func(so string, n int) string { return spell(so, f(n)) })
		mustEqual(t, "fold of map", mapped, signal.Fold(signal.MapEvents(e, f), "seed", spell))
	})
}

func TestTakeAndSkipLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, f := drawEvent(t, "e"), drawFunc(t, "f")
		n, m := rapid.IntRange(-2, 14).Draw(t, "n"), rapid.IntRange(-2, 14).Draw(t, "m")
		taken, skipped := signal.Take(e, n), signal.Skip(e, n)
		mustEqual(t, "take n ++ skip n", e.Occurrences(), append(taken.Occurrences(), skipped.Occurrences()...))
		mustEqual(t, "how many are taken", min(max(n, 0), e.Len()), taken.Len())
		mustHappenLike(t, "take n after take m", signal.Take(e, min(n, m)), signal.Take(signal.Take(e, m), n))
		mustHappenLike(t, "skip n after skip m", signal.Skip(e, max(n, 0)+max(m, 0)), signal.Skip(signal.Skip(e, m), n))
		mustHappenLike(t, "take after map", signal.MapEvents(taken, f), signal.Take(signal.MapEvents(e, f), n))
		mustHappenLike(t, "skip after map", signal.MapEvents(skipped, f), signal.Skip(signal.MapEvents(e, f), n))
	})
}
