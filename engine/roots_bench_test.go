//go:build unix

package engine_test

import (
	"context"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/plugins/null"
)

// cpuTime is what the process has used of processors, which does not show what else runs on
// the machine.
func cpuTime(t testing.TB) time.Duration {
	var used syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkRoots folds a log with and without roots, in turns, and prints what of the speed
// is left: the ratio of the least times that a round of each has taken.
func BenchmarkRoots(b *testing.B) {
	lone := func(p config.Pipeline) config.Pipeline {
		p.Executors = []config.Executor{{Null: &config.Null{}}}
		return p
	}
	discard := func(context.Context, config.Executor, string, uint64) (engine.Executor, error) {
		return null.Executor{}, nil
	}
	for _, spec := range []config.Pipeline{lone(lines()), lone(moody())} {
		b.Run(spec.Name, func(b *testing.B) {
			all := history(20_000)
			log := newLog(b, all)
			var times [2][]time.Duration
			for n := 0; b.Loop(); n++ {
				for turn := range 2 {
					without := (n+turn)%2 == 1
					r := newRig(b, log, spec)
					r.opts.WithoutRoots = without
					r.opts.OpenExecutor = discard
					r.open()
					began := cpuTime(b)
					r.catchUp()
					times[(n+turn)%2] = append(times[(n+turn)%2], cpuTime(b)-began)
					r.close()
				}
			}
			with, without := slices.Min(times[0]), slices.Min(times[1])
			b.ReportMetric(without.Seconds()/with.Seconds(), "roots_vs_none")
			b.ReportMetric(float64(len(all))/with.Seconds(), "events/cpu-s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
