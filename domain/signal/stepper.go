package signal

// Stepper holds the latest value: at t, that of the last occurrence with a time
// not after t, or the initial value before the first. Sampling costs O(log n).
func Stepper[A any](initial A, e DiscreteEvent[A]) Behavior[A] {
	return Behavior[A]{func(t Time) A {
		if n := e.until(t); n > 0 {
			return e.occurrences[n-1].Value
		}
		return initial
	}}
}

// Switch behaves like one behavior after another: at t, like the latest whose
// time is not after t, or like the initial one before the first. The behavior is
// asked for t itself, not for the time since it took over.
func Switch[A any](initial Behavior[A], e DiscreteEvent[Behavior[A]]) Behavior[A] {
	current := Stepper(initial, e)
	return Behavior[A]{func(t Time) A { return current.At(t).At(t) }}
}

// Snapshot pairs each occurrence with the value of b at its time.
func Snapshot[A, B, C any](e DiscreteEvent[A], b Samplable[B], f func(A, B) C) DiscreteEvent[C] {
	need(b != nil && f != nil, "Snapshot")
	paired := make([]Occurrence[C], len(e.occurrences))
	for i, o := range e.occurrences {
		paired[i] = Occurrence[C]{o.Time, f(o.Value, b.At(o.Time))}
	}
	return DiscreteEvent[C]{paired}
}
