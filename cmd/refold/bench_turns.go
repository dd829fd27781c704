package main

import (
	"context"
	"runtime"
	"slices"
	"time"
)

// manyEvents are what a run has at least whose numbers mean something.
const manyEvents = 10_000

// benchSide is one side of a comparison: it does its work for the nth time and
// says how long that took, without what it had to prepare.
type benchSide func(ctx context.Context, round int) (time.Duration, error)

// takeTurns lets the sides work in turns, each round begun by another one, so
// that whatever else the machine does hits all of them, and returns their
// medians.
func (b *bench) takeTurns(ctx context.Context, what string, rounds int, sides ...benchSide) ([]time.Duration, error) {
	rounds = b.rounds(rounds)
	times := make([][]time.Duration, len(sides))
	for round := range rounds {
		b.say("%s: %d of %d", what, round+1, rounds)
		for turn := range sides {
			i := (turn + round) % len(sides)
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			runtime.GC() // what another side left behind is not this one's to clear
			took, err := sides[i](ctx, round)
			if err != nil {
				return nil, err
			}
			times[i] = append(times[i], took)
		}
	}
	medians := make([]time.Duration, len(sides))
	for i := range times {
		medians[i] = quantile(times[i], 0.5)
	}
	return medians, nil
}

// rounds is n, but in a run over few events, which shows that it works: for that once is
// enough.
func (b *bench) rounds(n int) int {
	if b.flags.events < manyEvents {
		return 1
	}
	return n
}

// quantile is the value that a share q of all does not exceed. It sorts.
func quantile(times []time.Duration, q float64) time.Duration {
	slices.Sort(times)
	return times[min(int(q*float64(len(times))), len(times)-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
