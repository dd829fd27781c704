package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/job"
	"github.com/refold-dev/refold/eventstore/memory"
)

// reload has the engine run other pipelines, and the rig those at the next opening.
func (r *rig) reload(specs ...config.Pipeline) engine.Reloaded {
	r.t.Helper()
	done, err := r.engine.Reload(r.ctx, specs)
	must(r.t, err)
	r.specs = specs
	return done
}

// opened counts how often a pipeline's executors have been opened and closed.
type opened struct {
	mu          sync.Mutex
	open, close map[string]int
}

// countExecutors has a rig count them.
func (r *rig) countExecutors() *opened {
	n := &opened{open: map[string]int{}, close: map[string]int{}}
	r.opts.OpenExecutor = func(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
		x, err := openExecutor(r.dir)(ctx, spec, pipeline, generation)
		if err != nil {
			return nil, err
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		n.open[pipeline]++
		return &tallied{meddler: meddler{Executor: x}, closed: sync.OnceFunc(func() {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.close[pipeline]++
		})}, nil
	}
	return n
}

type tallied struct {
	meddler
	closed func()
}

func (x *tallied) Close() error {
	x.closed()
	return x.Executor.Close()
}

func (x *tallied) Discard(ctx context.Context) error {
	x.closed()
	return x.Executor.Discard(ctx)
}

func (n *opened) of(pipeline string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.open[pipeline]
}

func (n *opened) wantClosed(t testing.TB) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if d := cmp.Diff(n.open, n.close); d != "" {
		t.Errorf("executors opened and closed (-opened +closed):\n%s", d)
	}
}

// What is declared as before goes on without a pause; what is declared otherwise goes on by
// that; what is new begins, and what is gone is retired: while the engine runs, and while
// it does not.
func TestReload(t *testing.T) {
	all := history(300)
	for name, running := range map[string]bool{"running": true, "at rest": false} {
		t.Run(name, func(t *testing.T) {
			log := newLog(t, all[:100])
			r := newRig(t, log, lines(), commits(), fickle())
			r.opts.OpenPlugin = openAny
			executors := r.countExecutors()
			r.open()
			level := func(n int, pipelines ...string) {
				t.Helper()
				if !running {
					r.catchUp()
				}
				for _, p := range pipelines {
					r.until(p, "level", func(s engine.Status) bool { return int(s.Position) == n && s.Change == nil })
				}
			}
			if running {
				r.start()
			}
			level(100, "lines", "commits", "fickle")
			states, before := len(r.seen.statesOf("fickle")), executors.of("fickle")

			done := r.reload(moody(), fickle(), another())
			want := engine.Reloaded{Unchanged: []string{"fickle"}, Changed: []string{"lines"}, Added: []string{"moody"}, Retired: []string{"commits"}}
			if d := cmp.Diff(want, done); d != "" {
				t.Errorf("reloaded (-want +got):\n%s", d)
			}
			appendTo(t, log, all[100:200])
			level(200, "lines", "fickle", "moody")
			if s := r.status("lines"); s.Generation != 2 || s.Module != "sha256:another" {
				t.Errorf("changed: %+v", s)
			}
			r.wantLines(all[:200])
			if s := r.status("commits"); s.State != engine.Retired || s.Position != 100 || s.Lag != 100 {
				t.Errorf("retired: %+v", s)
			}
			_, err := r.engine.State(t.Context(), "commits", nil)
			wantRefused(t, err, engine.Retired, "retired")
			wantRefused(t, r.engine.Pause(t.Context(), "commits", ""), engine.Retired, "retired")
			if running && len(r.seen.statesOf("fickle")) != states || executors.of("fickle") != before || r.status("fickle").Generation != 1 {
				t.Errorf("what has not changed: %v, opened %d times more", r.seen.statesOf("fickle")[states:], executors.of("fickle")-before)
			}

			r.reload(commits(), fickle(), another())
			appendTo(t, log, all[200:])
			level(300, "lines", "commits", "fickle")
			r.wantState("commits", wantCommits(all))
			list, err := r.engine.Status(t.Context())
			must(t, err)
			var names []string
			for _, s := range list {
				names = append(names, s.Pipeline)
			}
			if d := cmp.Diff([]string{"commits", "fickle", "lines", "moody"}, names); d != "" {
				t.Errorf("statuses (-want +got):\n%s", d)
			}
			r.close()
			executors.wantClosed(t)
		})
	}
}

// A pipeline is made of the files that it names, too: where one with a secret holds
// another one, what uses it is opened anew, and nothing is built.
func TestAReloadOfAnotherSecret(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "url")
	must(t, os.WriteFile(secret, []byte("one"), 0o600))
	spec := lines()
	spec.Executors = append(spec.Executors, config.Executor{Postgres: &config.Postgres{URLFile: secret}})
	r := newRig(t, newLog(t, history(100)), spec, commits())
	var opened atomic.Int32
	r.opts.OpenExecutor = func(ctx context.Context, x config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
		if x.Postgres != nil {
			opened.Add(1)
			x = config.Executor{Log: &config.Log{}}
		}
		return openExecutor(r.dir)(ctx, x, pipeline, generation)
	}
	r.open()
	r.start()
	r.untilLive("lines", 100)
	r.reload(spec, commits())
	if n := opened.Load(); n != 1 {
		t.Errorf("opened %d times although nothing has changed", n)
	}
	must(t, os.WriteFile(secret, []byte("two"), 0o600))
	done := r.reload(spec, commits())
	if d := cmp.Diff([]string{"lines"}, done.Changed); d != "" {
		t.Errorf("changed (-want +got):\n%s", d)
	}
	r.untilLive("lines", 100)
	if s := r.status("lines"); opened.Load() != 2 || s.Generation != 1 {
		t.Errorf("opened %d times: %+v", opened.Load(), s)
	}
}

// A declaration that cannot be loaded, or that is there twice, leaves everything as it is.
func TestAReloadThatFailsChangesNothing(t *testing.T) {
	all := history(200)
	log := newLog(t, all[:100])
	r := newRig(t, log, lines(), commits())
	r.open()
	r.start()
	r.untilLive("lines", 100)
	r.untilLive("commits", 100)
	lost := fickle()
	lost.Projection.WASM = "nowhere.wasm"
	for _, c := range []struct {
		specs []config.Pipeline
		text  string
	}{
		{[]config.Pipeline{narrowed(), lost}, "there is no guest nowhere.wasm"},
		{[]config.Pipeline{on("continue", commits())}, "on_change: continue is not for a resident projection"},
		{[]config.Pipeline{lines(), lines()}, "pipeline lines is declared twice"},
	} {
		before := len(r.seen.statesOf("lines"))
		if _, err := r.engine.Reload(t.Context(), c.specs); err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("error %v, want one with %q", err, c.text)
		}
		if len(r.seen.statesOf("lines")) != before {
			t.Errorf("lines went to %v", r.seen.statesOf("lines")[before:])
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = r.engine.Reload(ctx, r.specs) // done or not, nothing is to be done
	appendTo(t, log, all[100:])
	r.untilLive("lines", 200)
	r.untilLive("commits", 200)
	r.wantLines(all)
}

// What cannot be opened has stopped, with its reason, and the others go on; mended, it
// goes on as well.
func TestAReloadThatCannotOpen(t *testing.T) {
	all := history(100)
	r := newRig(t, newLog(t, all), lines(), commits())
	var broken atomic.Bool
	r.opts.OpenExecutor = func(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
		if broken.Load() {
			return nil, errSink
		}
		return openExecutor(r.dir)(ctx, spec, pipeline, generation)
	}
	r.open()
	r.start()
	r.untilLive("lines", 100)
	broken.Store(true)
	patient := lines()
	patient.Executors[0].Retry.Attempts = 3
	done := r.reload(patient, commits(), moody())
	var failed []string
	for _, f := range done.Failed {
		failed = append(failed, f.Pipeline)
		if !strings.Contains(f.Error, errSink.Error()) {
			t.Errorf("failed: %+v", f)
		}
	}
	if slices.Sort(failed); !slices.Equal(failed, []string{"lines", "moody"}) {
		t.Errorf("failed: %v", failed)
	}
	for _, p := range failed {
		if s := r.status(p); s.State != engine.Faulted || !strings.Contains(s.Error, errSink.Error()) {
			t.Errorf("status %+v", s)
		}
	}
	r.untilLive("commits", 100)
	broken.Store(false)
	must(t, r.engine.Resume(t.Context(), "lines"))
	r.untilLive("lines", 100)
	must(t, r.engine.Resume(t.Context(), "moody"))
	r.untilLive("moody", 100)
	r.wantLines(all)
	if s := r.status("lines"); s.Generation != 1 {
		t.Errorf("another retry makes no other read model: %+v", s)
	}
}

// A changed pipeline goes on as its on_change says.
func TestAReloadFollowsThePolicy(t *testing.T) {
	all := history(300)
	log := newLog(t, all[:100])
	r := newRig(t, log, lines())
	r.opts.OpenPlugin = openAny
	r.open()
	r.start()
	r.untilLive("lines", 100)
	r.reload(on("continue", another()))
	appendTo(t, log, all[100:200])
	r.untilBuilt("lines", 200)
	if s := r.status("lines"); s.Generation != 1 || s.Module != "sha256:another" {
		t.Errorf("continued: %+v", s)
	}
	r.wantLines(all[:200])
	if done := r.reload(on("refuse", narrowed())); len(done.Failed) != 1 {
		t.Errorf("refused: %+v", done)
	}
	if s := r.status("lines"); s.State != engine.Faulted || !strings.Contains(s.Error, "on_change: refuse keeps it so") {
		t.Errorf("refused: %+v", s)
	}
	r.wantLines(all[:200])
	r.reload(on("refuse", another())) // as it was: the fault is over
	r.untilBuilt("lines", 200)
	r.reload(narrowed())
	appendTo(t, log, all[200:])
	r.untilBuilt("lines", 300)
	r.wantLines(without(all, "file_deleted"))
	if s := r.status("lines"); s.Generation != 2 {
		t.Errorf("rebuilt: %+v", s)
	}
}

// A paused pipeline that is declared otherwise stays paused, and goes on by that.
func TestAReloadOfAPausedPipeline(t *testing.T) {
	all := history(200)
	r := newRig(t, newLog(t, all), lines())
	r.open()
	r.start()
	r.untilLive("lines", 200)
	must(t, r.engine.Pause(t.Context(), "lines", "held"))
	r.reload(narrowed())
	if s := r.status("lines"); s.State != engine.Paused || s.Reason != "held" {
		t.Errorf("status %+v", s)
	}
	r.wantLines(all)
	must(t, r.engine.Resume(t.Context(), "lines"))
	r.untilBuilt("lines", 200)
	r.wantLines(without(all, "file_deleted"))
}

// A job of a pipeline that is declared otherwise goes on: from where it was, if what it
// builds is the same.
func TestAReloadBesideAJob(t *testing.T) {
	for name, c := range map[string]struct {
		to   config.Pipeline
		want func([]event.Event) []event.Event
	}{
		"the same read model": {func() config.Pipeline {
			p := lines()
			p.Generations.Keep = new(int)
			return p
		}(), func(all []event.Event) []event.Event { return all }},
		"another one": {narrowed(), func(all []event.Event) []event.Event { return without(all, "file_deleted") }},
	} {
		t.Run(name, func(t *testing.T) {
			r, log, all, one := half(t)
			r.reload(c.to)
			log.upTo(1000)
			must(t, r.engine.Work(t.Context(), one.ID))
			r.untilBuilt("lines", 300)
			if done, err := r.engine.Job(one.ID); err != nil || done.State != job.Done {
				t.Errorf("the job: %+v, %v", done, err)
			}
			r.wantLines(c.want(all[:300]))
			r.until("lines", "without jobs", func(s engine.Status) bool { return len(s.Jobs) == 0 })
		})
	}
}

// A job of a pipeline that is retired waits until the pipeline is back.
func TestAJobOfARetiredPipeline(t *testing.T) {
	r, log, all, one := half(t)
	worked := make(chan error, 1)
	go func() { worked <- r.engine.Work(context.Background(), one.ID) }()
	r.reload(commits())
	if err := <-worked; err == nil {
		t.Error("whoever waits for the job is not told")
	}
	left, err := r.engine.Job(one.ID)
	must(t, err)
	if left.State != job.Queued || left.Position != 150 {
		t.Errorf("the job: %+v", left)
	}
	log.upTo(1000)
	must(t, r.engine.Replay(t.Context(), "commits")) // which does not wait for it
	r.reload(lines(), commits())
	must(t, r.engine.Work(t.Context(), one.ID))
	r.untilLive("lines", 300)
	r.wantLines(all[:300])
	if s := r.status("lines"); s.Generation != 2 {
		t.Errorf("status %+v", s)
	}
}

// A change that is taken back before its read model is built is called off.
func TestAChangeThatIsTakenBack(t *testing.T) {
	all, log, r := liveOverGate(t)
	log.upTo(150)
	r.reload(narrowed())
	r.until("lines", "building", func(s engine.Status) bool { return len(s.Jobs) == 1 && s.Jobs[0].Position == 150 })
	r.reload(lines())
	r.until("lines", "as it was", func(s engine.Status) bool { return len(s.Jobs) == 0 && s.Change == nil && s.State == engine.Live })
	if one := r.lastJob(); one.State != job.Cancelled {
		t.Errorf("the job: %+v", one)
	}
	log.upTo(1000)
	r.wantLines(all)
	r.close()
	r.wantGenerations("lines", 1)
}

// What nothing serves beside is built for the declaration that there is by then.
func TestAReloadWhereNothingServes(t *testing.T) {
	r, log, all, _, reset := emptied(t)
	r.reload(narrowed())
	if err := <-reset; err == nil {
		t.Error("the reset is told nothing")
	}
	log.upTo(1000)
	r.untilBuilt("lines", 300)
	r.wantLines(without(all, "file_deleted"))
}

// Orders do not wait for a replay job: they are taken, and the job goes on from where it
// was; or they are refused at once.
func TestOrdersBesideAJob(t *testing.T) {
	all := history(300)
	log := newGated(t, all)
	r := newRig(t, log, moody())
	r.opts.BatchSize = 10
	r.open()
	r.start()
	r.untilLive("moody", 300)
	must(t, r.engine.Replay(t.Context(), "moody"))
	r.untilLive("moody", 300)
	log.upTo(150)
	one := r.submit("moody")
	at150 := func(one job.Job) bool { return one.State == job.Running && one.Position == 150 }
	await := func() {
		t.Helper()
		r.until("moody", "working a job at 150", func(engine.Status) bool {
			now, err := r.engine.Job(one.ID)
			must(t, err)
			return at150(now)
		})
	}
	await()
	wantRefused(t, r.engine.Rollback(t.Context(), "moody", 0), engine.Live, "busy")
	must(t, r.engine.Retry(t.Context(), "moody", engine.Choice{}))
	await()
	must(t, r.engine.Drop(t.Context(), "moody", engine.Choice{}))
	await()
	must(t, r.engine.DropGeneration(t.Context(), "moody", 1))
	await()
	var gone *engine.NotKeptError
	if err := r.engine.DropGeneration(t.Context(), "moody", 1); !errors.As(err, &gone) {
		t.Errorf("dropping it again: %v", err)
	}
	await()
	log.upTo(1000)
	must(t, r.engine.Work(t.Context(), one.ID))
	r.untilLive("moody", 300)
	undisturbed := newRig(t, r.log, moody())
	undisturbed.open()
	undisturbed.catchUp()
	r.wantRows("passed", rowsOf(t, undisturbed.dir, "passed"))
	if got, want := r.state("moody"), undisturbed.state("moody"); got != want {
		t.Errorf("state %s, want %s", got, want)
	}
}

// A rollback calls the job of a change off, and need not wait for it.
func TestARollbackBesideAChange(t *testing.T) {
	all, log, r := liveOverGate(t)
	must(t, r.engine.Replay(t.Context(), "lines"))
	log.upTo(150)
	r.reload(narrowed())
	r.until("lines", "building", func(s engine.Status) bool { return len(s.Jobs) == 1 && s.Jobs[0].Position == 150 })
	must(t, r.engine.Rollback(t.Context(), "lines", 0))
	log.upTo(1000)
	s := r.until("lines", "rolled back", func(s engine.Status) bool { return s.State == engine.Live && len(s.Jobs) == 0 })
	if s.Generation != 1 || s.Change == nil || s.Change.Policy != "rollback" || r.lastJob().State != job.Cancelled {
		t.Errorf("status %+v, job %+v", s, r.lastJob())
	}
	r.wantLines(all)
}

// Reloads, orders, readers and stops all at once: nothing is left undone, or done twice.
func TestReloadsAmongAllElse(t *testing.T) {
	all := history(600)
	log := newLog(t, all[:100])
	r := newRig(t, log, lines(), commits())
	r.opts.OpenPlugin, r.opts.CheckpointEvery = openAny, time.Millisecond
	executors := r.countExecutors()
	r.open()
	ctx, cancel := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	again := func(do func(i int)) {
		busy.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				do(i)
			}
		})
	}
	sets := [][]config.Pipeline{{lines(), commits()}, {another(), moody()}, {moody(), narrowed(), commits()}, {commits()}}
	var reloads atomic.Int64
	again(func(i int) {
		if _, err := r.engine.Reload(ctx, sets[i%len(sets)]); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		reloads.Add(1)
	})
	again(func(int) { _ = r.engine.Pause(ctx, "lines", ""); _ = r.engine.Resume(ctx, "lines") })
	again(func(int) {
		one, err := r.engine.Submit(ctx, job.Request{Pipeline: "commits"})
		if err == nil {
			_ = r.engine.Work(ctx, one.ID)
		}
	})
	again(func(int) { _ = r.engine.Rollback(ctx, "lines", 0) })
	again(func(int) {
		_, _ = r.engine.State(ctx, "commits", nil)
		_, _ = r.engine.State(ctx, "lines", nil)
		_, _ = r.engine.DeadLetters("moody")
		_, err := r.engine.Status(context.Background())
		must(t, err)
	})
	for part := range slices.Chunk(all[100:], 125) {
		r.start()
		n := reloads.Load()
		appendTo(t, log, part)
		for reloads.Load() < n+2 { // a condition, not a time
			time.Sleep(time.Millisecond)
		}
		r.stop()
	}
	cancel()
	busy.Wait()
	r.start()
	r.reload(lines(), commits())
	_ = r.engine.Resume(t.Context(), "lines")
	r.untilBuilt("lines", 600)
	r.untilLive("commits", 600)
	r.wantLines(all)
	r.wantState("commits", wantCommits(all))
	r.close()
	executors.wantClosed(t)
}

// declared is an engine under random reloads, and what its read models must be.
type declared struct {
	*course
	lines   string // which of the variants; empty for none
	commits bool
	paused  bool
}

var variants = map[string]func() config.Pipeline{
	"lines": lines, "another module": another, "fewer events": narrowed,
	"another retry": func() config.Pipeline {
		p := lines()
		p.Executors[0].Retry.Attempts = 2
		return p
	},
	"no rollback": func() config.Pipeline {
		p := lines()
		p.Generations.Keep = new(int)
		return p
	},
}

// Whatever is reloaded, and whenever: the read models are the naive fold of the log by what
// is declared last, and no generation folds an event twice.
func TestReloadsUnderRandomOrders(t *testing.T) {
	all := history(300)
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp("", "refold-reload-")
		must(t, err)
		defer os.RemoveAll(dir)
		c := &course{t: drawn{t, rt}, log: memory.New(), all: all, broken: new(atomic.Bool)}
		c.r = newRig(c.t, c.log, lines(), commits())
		c.r.dir, c.r.opts.OpenPlugin = dir, openAny
		c.r.opts.BatchSize, c.r.opts.CheckpointEvery = 16, time.Hour
		d := &declared{course: c, lines: "lines", commits: true}
		c.r.open()
		orders := map[string]func(){
			"append": c.append, "reload": d.reload, "start": d.start, "stop": d.stop, "catch up": d.catchUp,
			"restart": d.restart, "pause": d.pause, "resume": d.resume, "replay": d.replay,
		}
		names := sortedKeys(orders)
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(append(names, "reload", "append")), 1, 12).Draw(rt, "orders") {
			orders[name]()
			if d.running {
				d.check(name)
			}
		}
		d.reload()
		d.resume()
		d.start()
		d.check("all")
		c.r.close()
		must(t, c.log.Close())
	})
}

func (d *declared) reload() {
	d.lines = rapid.SampledFrom(append(sortedKeys(variants), "")).Draw(d.t.T, "lines")
	d.commits = d.lines == "" || rapid.Bool().Draw(d.t.T, "commits")
	var specs []config.Pipeline
	if d.commits {
		specs = append(specs, commits())
	}
	if d.lines != "" {
		specs = append(specs, variants[d.lines]())
	}
	if done := d.r.reload(specs...); len(done.Failed) > 0 {
		d.t.Errorf("reloaded: %+v", done)
	}
}

func (d *declared) start() {
	if !d.running {
		d.r.start()
		d.running = true
	}
}

func (d *declared) stop() {
	d.r.stop()
	d.running = false
}

func (d *declared) catchUp() {
	if !d.running {
		d.r.catchUp()
	}
}

func (d *declared) restart() {
	d.r.close()
	d.r.opts.Retired = nil
	for _, p := range []config.Pipeline{lines(), commits()} {
		if !slices.ContainsFunc(d.r.specs, func(s config.Pipeline) bool { return s.Name == p.Name }) {
			d.r.opts.Retired = append(d.r.opts.Retired, p)
		}
	}
	d.r.open()
	d.running = false
}

func (d *declared) pause() {
	if err := d.r.engine.Pause(d.t.Context(), "lines", ""); d.lines == "" || d.paused {
		d.refusedBy(err)
		return
	} else {
		must(d.t, err)
	}
	d.paused = true
}

func (d *declared) resume() {
	if err := d.r.engine.Resume(d.t.Context(), "lines"); d.lines == "" || !d.paused {
		d.refusedBy(err)
		return
	} else {
		must(d.t, err)
	}
	d.paused = false
}

func (d *declared) refusedBy(err error) {
	var no *engine.RefusedError
	if !errors.As(err, &no) {
		d.t.Errorf("error %v, want it refused", err)
	}
}

func (d *declared) replay() {
	if err := d.r.engine.Replay(d.t.Context(), "lines"); d.lines == "" || d.paused {
		d.refusedBy(err)
	} else {
		must(d.t, err)
	}
}

// check waits until all that runs is level with the log and the declaration.
func (d *declared) check(after string) {
	want := d.all[:d.appended]
	if d.commits {
		d.r.untilBuilt("commits", d.appended)
		d.r.wantState("commits", wantCommits(want))
	}
	if d.lines == "" || d.paused {
		return
	}
	d.r.untilBuilt("lines", d.appended)
	d.r.until("lines", "without jobs", func(s engine.Status) bool { return len(s.Jobs) == 0 })
	if d.lines == "fewer events" {
		want = without(want, "file_deleted")
	}
	if got := rowsOf(d.t, d.r.dir, "lines_by_dir"); !slices.Equal(got, wantRowsOf(want)) {
		d.t.Errorf("after %s, as %q: rows (-want +got):\n%s", after, d.lines, cmp.Diff(wantRowsOf(want), got))
	}
	d.r.wantState("lines", wantLines(want))
}
