package engine_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/job"
)

// workersSeen has a rig note how many workers each instance is opened with.
func workersSeen(r *rig) func() []int {
	var mu sync.Mutex
	var seen []int
	r.opts.OpenPlugin = func(ctx context.Context, spec config.Projection) (engine.Plugin, error) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, spec.Workers)
		return openPlugin(ctx, spec)
	}
	return func() []int {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(seen)
	}
}

// work submits a job and works it.
func (r *rig) work(want job.Request) {
	r.t.Helper()
	one, err := r.engine.Submit(context.Background(), want)
	must(r.t, err)
	must(r.t, r.engine.Work(r.ctx, one.ID))
}

// Whatever the log, the pipeline and the batches: a rebuild by one worker, by several,
// and the live run come to the same states and the same rows.
func TestWorkersChangeNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("short: the race detector sees pools of workers elsewhere")
	}
	all := history(300)
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, len(all)).Draw(rt, "events")
		spec := rapid.SampledFrom([]config.Pipeline{lines(), filtered(lines()), narrowed()}).Draw(rt, "pipeline")
		r := newRig(drawn{t, rt}, newLog(t, all[:n]), spec)
		r.opts.BatchSize = rapid.IntRange(40, 300).Draw(rt, "batch") // which is cut by keys
		r.open()
		defer r.close()
		r.catchUp()
		state, rows := r.state("lines"), rowsOf(t, r.dir, "lines_by_dir")
		for _, workers := range []int{1, rapid.IntRange(2, 5).Draw(rt, "workers")} {
			r.work(job.Request{Pipeline: "lines", Workers: workers})
			if got := r.state("lines"); got != state {
				rt.Fatalf("%d workers: state %s, want %s", workers, got, state)
			}
			if got := rowsOf(t, r.dir, "lines_by_dir"); !slices.Equal(got, rows) {
				rt.Fatalf("%d workers: rows %q, want %q", workers, got, rows)
			}
		}
	})
}

// A keyed projection is rebuilt by as many workers as there are cores, and goes on as it
// is declared; what cannot have workers has none.
func TestTheWorkersOfAJob(t *testing.T) {
	all := history(100)
	r := newRig(t, newLog(t, all), lines(), commits())
	seen := workersSeen(r)
	r.open()
	r.catchUp()
	before := len(seen())
	r.work(job.Request{Pipeline: "lines"})
	r.work(job.Request{Pipeline: "lines", Workers: 3})
	got := seen()[before:]
	if len(got) != 4 || got[0] < 1 || got[1] != 0 || got[2] != 3 || got[3] != 0 {
		t.Errorf("opened with %v workers", got)
	}
	r.work(job.Request{Pipeline: "commits"})
	if last := seen(); last[len(last)-1] != 0 {
		t.Errorf("a resident one is opened with %d workers", last[len(last)-1])
	}
	one, err := r.engine.Submit(context.Background(), job.Request{Pipeline: "commits", Workers: 2})
	must(t, err)
	if err := r.engine.Work(t.Context(), one.ID); err == nil {
		t.Error("a resident one is rebuilt by two workers")
	}
	if one, _ = r.engine.Job(one.ID); one.State != job.Failed || one.Error == "" {
		t.Errorf("job %+v", one)
	}
	for _, want := range []job.Request{{}, {Pipeline: "lines", Workers: -1}, {Pipeline: "lines", Workers: 65}, {Pipeline: "lines", Rate: -1}} {
		if _, err := r.engine.Submit(context.Background(), want); err == nil {
			t.Errorf("%+v is taken", want)
		}
	}
}

// A rate is a bound: however fast the machine, it takes at least that long.
func TestARateIsABound(t *testing.T) {
	all := history(300)
	for name, prepare := range map[string]func(*rig) job.Request{
		"of the job":    func(*rig) job.Request { return job.Request{Pipeline: "lines", Rate: 1000} },
		"of the engine": func(r *rig) job.Request { r.opts.ReplayRate = 1000; return job.Request{Pipeline: "lines"} },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, newLog(t, all), lines())
			want := prepare(r)
			r.opts.Observer.Folded = func(_ string, generation uint64, _ event.Position, events, _ int) {
				if generation == 2 && events > 100 {
					t.Errorf("%d events at once, of 1000 a second", events)
				}
			}
			r.open()
			r.catchUp()
			began := time.Now()
			r.work(want)
			if took := time.Since(began); took < 200*time.Millisecond { // but for the first 100
				t.Errorf("300 events, 1000 a second, took %s", took)
			}
			r.wantLines(all)
		})
	}
}

// Beside a job that hardly gets on, the pipeline and the others are live, and a job that
// waits for its rate is paused, resumed and cancelled like any other.
func TestWhatIsLiveStaysLiveBesideAJob(t *testing.T) {
	all := history(700)
	log := newLog(t, all[:300])
	r := newRig(t, log, lines(), commits())
	r.open()
	r.start()
	r.untilLive("lines", 300)
	one, err := r.engine.Submit(context.Background(), job.Request{Pipeline: "lines", Rate: 1})
	must(t, err)
	r.untilJob(one.ID, "running", func(one job.Job) bool { return one.State == job.Running && one.Generation == 2 })
	for at := 300; at < len(all); at += 100 {
		appendTo(t, log, all[at:at+100])
		r.untilLive("lines", at+100)
		r.untilLive("commits", at+100)
	}
	if now, err := r.engine.PauseJob(t.Context(), one.ID); err != nil || now.Position >= 300 {
		t.Errorf("paused: %+v, %v", now, err)
	}
	_, err = r.engine.ResumeJob(one.ID)
	must(t, err)
	r.untilJob(one.ID, "running again", func(one job.Job) bool { return one.State == job.Running })
	_, err = r.engine.CancelJob(t.Context(), one.ID)
	must(t, err)
	r.wantLines(all)
	r.close()
	r.wantGenerations("lines", 1)
}
