package signal

// MapEvents is f of each value, at the same times.
func MapEvents[A, B any](e DiscreteEvent[A], f func(A) B) DiscreteEvent[B] {
	need(f != nil, "MapEvents")
	mapped := make([]Occurrence[B], len(e.occurrences))
	for i, o := range e.occurrences {
		mapped[i] = Occurrence[B]{o.Time, f(o.Value)}
	}
	return DiscreteEvent[B]{mapped}
}

// Filter keeps the occurrences whose values satisfy a predicate.
func Filter[A any](e DiscreteEvent[A], keep func(A) bool) DiscreteEvent[A] {
	need(keep != nil, "Filter")
	var kept []Occurrence[A]
	for _, o := range e.occurrences {
		if keep(o.Value) {
			kept = append(kept, o)
		}
	}
	return DiscreteEvent[A]{kept}
}

// Fold is what all values amount to, from the left, beginning with a seed.
func Fold[A, S any](e DiscreteEvent[A], seed S, f func(S, A) S) S {
	need(f != nil, "Fold")
	for _, o := range e.occurrences {
		seed = f(seed, o.Value)
	}
	return seed
}

// Scan is Fold with each step on the way: what the values so far amount to,
// after each occurrence. The seed itself is not among them.
func Scan[A, S any](e DiscreteEvent[A], seed S, f func(S, A) S) DiscreteEvent[S] {
	need(f != nil, "Scan")
	return MapEvents(e, func(a A) S {
		seed = f(seed, a)
		return seed
	})
}

// Take keeps the first n occurrences; none if n is negative.
func Take[A any](e DiscreteEvent[A], n int) DiscreteEvent[A] {
	return DiscreteEvent[A]{e.occurrences[:e.bound(n)]}
}

// Skip drops the first n occurrences; none if n is negative.
func Skip[A any](e DiscreteEvent[A], n int) DiscreteEvent[A] {
	return DiscreteEvent[A]{e.occurrences[e.bound(n):]}
}

func (e DiscreteEvent[A]) bound(n int) int { return min(max(n, 0), len(e.occurrences)) }

// Merge has the occurrences of both, left's before right's at equal times.
func Merge[A any](left, right DiscreteEvent[A]) DiscreteEvent[A] {
	l, r := left.occurrences, right.occurrences
	merged := make([]Occurrence[A], 0, len(l)+len(r))
	for len(l) > 0 && len(r) > 0 {
		if r[0].Time < l[0].Time {
			merged, r = append(merged, r[0]), r[1:]
		} else {
			merged, l = append(merged, l[0]), l[1:]
		}
	}
	return DiscreteEvent[A]{append(append(merged, l...), r...)}
}
