package githistory_test

import (
	"testing"

	"github.com/refold-dev/refold/runtime/wasm"
)

// BenchmarkProjections folds the log in batches of 1,000, by projection and kit.
// Compare within one run.
func BenchmarkProjections(b *testing.B) {
	log := readLog(b)
	for _, name := range []string{"commits_by_author", "lines_by_dir"} {
		for _, v := range versions {
			b.Run(name+"/"+v.language, func(b *testing.B) { measure(b, log, v.build(b, name)) })
		}
	}
}

func measure(b *testing.B, log []record, path string) {
	m := load(b, path)
	frames, events := framesOf(b, m, log)
	instance := start(b, m)
	for b.Loop() {
		for _, f := range frames {
			if _, err := instance.Fold(b.Context(), f); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(events*b.N)/b.Elapsed().Seconds()/1000, "kevents/s")
}

// framesOf are the log's batches, each with the states that those before it left.
func framesOf(b *testing.B, m *wasm.Module, log []record) (frames [][]byte, events int) {
	instance, out := start(b, m), output{States: map[string]string{}}
	for at := 0; at < len(log); at += 1000 {
		batch := batchOf(m, log, at, min(at+1000, len(log)), out.States)
		for _, g := range batch.Groups {
			events += len(g.Events)
		}
		f, err := batch.Frame()
		if err != nil {
			b.Fatal(err)
		}
		frames = append(frames, f)
		out.fold(b, instance, m, log[at:min(at+1000, len(log))], 1000)
	}
	return frames, events
}
