package signal

// Behavior is a value at every time. Its zero value is A's zero value at all
// times.
type Behavior[A any] struct {
	at func(Time) A
}

// At samples the behavior at a time.
func (b Behavior[A]) At(t Time) A {
	if b.at == nil {
		var zero A
		return zero
	}
	return b.at(t)
}

// Constant is the same value at all times: the pure of the applicative laws.
func Constant[A any](value A) Behavior[A] {
	return Behavior[A]{func(Time) A { return value }}
}

// FromFunc is the behavior that a pure function says. A function that answers
// differently when it is asked again makes no behavior.
func FromFunc[A any](f func(Time) A) Behavior[A] {
	need(f != nil, "FromFunc")
	return Behavior[A]{f}
}

// Map is f of the behavior's value, at each time.
func Map[A, B any](b Behavior[A], f func(A) B) Behavior[B] {
	need(f != nil, "Map")
	return Behavior[B]{func(t Time) B { return f(b.At(t)) }}
}

// Apply2 is f of two behaviors' values at the same time.
func Apply2[A, B, C any](a Behavior[A], b Behavior[B], f func(A, B) C) Behavior[C] {
	need(f != nil, "Apply2")
	return Behavior[C]{func(t Time) C { return f(a.At(t), b.At(t)) }}
}

// Apply3 is f of three behaviors' values at the same time.
func Apply3[A, B, C, D any](a Behavior[A], b Behavior[B], c Behavior[C], f func(A, B, C) D) Behavior[D] {
	need(f != nil, "Apply3")
	return Behavior[D]{func(t Time) D { return f(a.At(t), b.At(t), c.At(t)) }}
}

// Ap is a function that changes over time, of a value that does. The functions
// of f must not be nil at a time that is asked for.
func Ap[A, B any](f Behavior[func(A) B], a Behavior[A]) Behavior[B] {
	return Behavior[B]{func(t Time) B { return f.At(t)(a.At(t)) }}
}

// Sample is the behavior's values at some times, given in any order.
func Sample[A any](b Behavior[A], times ...Time) DiscreteEvent[A] {
	occurrences := make([]Occurrence[A], len(times))
	for i, t := range times {
		occurrences[i] = Occurrence[A]{t, b.At(t)}
	}
	return FromSlice(occurrences)
}

// need refuses a nil function while it is known who passed it.
func need(given bool, combinator string) {
	if !given {
		panic("signal: " + combinator + " of a nil function")
	}
}
