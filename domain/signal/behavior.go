package signal

// Samplable is whatever has a value at every time. [Behavior] is one; the
// combinators take any, and make behaviors of it. At must be a pure function of
// the time, or what is made of it is no behavior.
type Samplable[A any] interface {
	At(t Time) A
}

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

// Map is f of the value, at each time.
func Map[A, B any](b Samplable[A], f func(A) B) Behavior[B] {
	need(b != nil && f != nil, "Map")
	return Behavior[B]{func(t Time) B { return f(b.At(t)) }}
}

// Apply2 is f of two values at the same time.
func Apply2[A, B, C any](a Samplable[A], b Samplable[B], f func(A, B) C) Behavior[C] {
	need(a != nil && b != nil && f != nil, "Apply2")
	return Behavior[C]{func(t Time) C { return f(a.At(t), b.At(t)) }}
}

// Apply3 is f of three values at the same time.
func Apply3[A, B, C, D any](a Samplable[A], b Samplable[B], c Samplable[C], f func(A, B, C) D) Behavior[D] {
	need(a != nil && b != nil && c != nil && f != nil, "Apply3")
	return Behavior[D]{func(t Time) D { return f(a.At(t), b.At(t), c.At(t)) }}
}

// Ap is a function that changes over time, of a value that does. The functions
// of f must not be nil at a time that is asked for.
func Ap[A, B any](f Samplable[func(A) B], a Samplable[A]) Behavior[B] {
	need(f != nil && a != nil, "Ap")
	return Behavior[B]{func(t Time) B { return f.At(t)(a.At(t)) }}
}

// Sample is the values at some times, given in any order.
func Sample[A any](b Samplable[A], times ...Time) DiscreteEvent[A] {
	need(b != nil, "Sample")
	occurrences := make([]Occurrence[A], len(times))
	for i, t := range times {
		occurrences[i] = Occurrence[A]{t, b.At(t)}
	}
	return FromSlice(occurrences)
}

// need refuses what is nil while it is known who passed it.
func need(given bool, combinator string) {
	if !given {
		panic("signal: " + combinator + " of a nil argument")
	}
}
