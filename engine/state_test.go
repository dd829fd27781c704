package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
)

func ptr(s string) *string { return &s }

// wantKey checks the state of one key, or what a query answers.
func (r *rig) wantKey(pipeline, key, want string) {
	r.t.Helper()
	text, err := r.engine.State(r.ctx, pipeline, &key)
	if err != nil || string(text) != want {
		r.t.Errorf("state of %q in %s: %s, %v, want %s", key, pipeline, text, err, want)
	}
}

func (r *rig) wantNoKey(pipeline, key string) {
	r.t.Helper()
	if text, err := r.engine.State(r.ctx, pipeline, &key); !errors.Is(err, engine.ErrNoKey) {
		r.t.Errorf("state of %q in %s: %s, %v, want none", key, pipeline, text, err)
	}
}

// Keys show what has been folded, whether or not a checkpoint has come since.
func TestKeyedState(t *testing.T) {
	log := newLog(t, []event.Event{told(0, "a", ""), told(1, "b", ""), told(2, "", "")})
	r := newRig(t, log, fickle())
	r.opts.CheckpointEvery = time.Hour
	r.open()
	r.catchUp() // with a checkpoint at its end
	r.start()
	appendTo(t, log, []event.Event{told(3, "b", "remove"), told(4, "a", ""), told(5, "c", ""), told(6, "gone", ""), told(7, "gone", "remove")})
	r.untilLive("fickle", 8)
	r.wantKey("fickle", "a", `{"count":2,"last":5}`) // stored and changed
	r.wantKey("fickle", "c", `{"count":1,"last":6}`) // not stored yet
	r.wantKey("fickle", "", `{"count":1,"last":3}`)  // stored, not changed
	for _, key := range []string{"b", "gone", "never there"} {
		r.wantNoKey("fickle", key)
	}
	const all = `{"":{"count":1,"last":3},"a":{"count":2,"last":5},"c":{"count":1,"last":6}}`
	if got := r.state("fickle"); got != all {
		t.Errorf("state %s, want %s", got, all)
	}
	r.close()
	r.open()
	if got := r.state("fickle"); got != all {
		t.Errorf("state after a restart %s, want %s", got, all)
	}
	r.wantNoKey("fickle", "b")
	r.wantRows("counters", []string{"|1|3", "a|2|5", "c|1|6"})
}

// A query that is refused, or makes the guest fail, changes nothing.
func TestResidentState(t *testing.T) {
	all := history(60)
	log := newLog(t, all[:30])
	r := newRig(t, log, moody())
	r.open()
	r.start()
	r.untilLive("moody", 30)
	before := r.state("moody")
	for query, says := range map[string]string{
		"refuse": "the projection refuses the query",
		"babble": "does not answer with JSON",
		"trap":   "plugin moody",
	} {
		if text, err := r.engine.State(t.Context(), "moody", &query); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %s, %v", query, text, err)
		}
		r.wantKey("moody", "", before)
	}
	if text, err := r.engine.State(t.Context(), "moody", ptr("change")); err != nil || !strings.Contains(string(text), "changed by a query") {
		t.Errorf("a query that changes what it finds: %s, %v", text, err)
	}
	r.wantKey("moody", "", before)
	appendTo(t, log, all[30:])
	r.untilLive("moody", 60)
	if rows := rowsOf(t, r.dir, "passed"); len(rows) != 60 {
		t.Errorf("%d rows, want 60", len(rows))
	}
	r.wantKey("moody", "", r.state("moody"))
	after := r.state("moody")
	r.close()
	undisturbed := newRig(t, log, moody())
	undisturbed.open()
	undisturbed.catchUp()
	if want := undisturbed.state("moody"); after != want {
		t.Errorf("state %s, want %s", after, want)
	}
}

// slowQueries is a plugin that answers when it is told to.
type slowQueries struct {
	engine.Plugin
	asked, answer chan struct{}
}

func (p *slowQueries) Query(ctx context.Context, query []byte) ([]byte, error) {
	p.asked <- struct{}{}
	<-p.answer
	return p.Plugin.Query(ctx, query)
}

// While a query is under way events are folded, also by a replay that takes the
// place of what was queried, and the answer is of the time when it was asked.
func TestAQueryStopsNothing(t *testing.T) {
	all := history(60)
	log := newLog(t, all[:20])
	r := newRig(t, log, moody())
	asked, answer := make(chan struct{}), make(chan struct{})
	r.opts.OpenPlugin = func(ctx context.Context, spec config.Projection) (engine.Plugin, error) {
		plugin, err := openPlugin(ctx, spec)
		return &slowQueries{plugin, asked, answer}, err
	}
	r.open()
	r.start()
	r.untilLive("moody", 20)
	var text json.RawMessage
	var err error
	var querying sync.WaitGroup
	querying.Go(func() { text, err = r.engine.State(t.Context(), "moody", nil) })
	<-asked
	appendTo(t, log, all[20:40])
	r.untilLive("moody", 40)
	must(t, r.engine.Replay(t.Context(), "moody"))
	appendTo(t, log, all[40:])
	r.untilLive("moody", 60)
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.engine.State(impatient, "moody", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a query that nobody waits for: %v", err)
	}
	close(answer)
	querying.Wait()
	counts := map[string]int{}
	must(t, errors.Join(err, json.Unmarshal(text, &counts)))
	total := 0
	for _, n := range counts {
		total += n
	}
	if total != 20 {
		t.Errorf("the answer %s counts %d events, want 20", text, total)
	}
}

func TestStatelessState(t *testing.T) {
	r := newRig(t, newLog(t, history(5)), herald())
	r.open()
	r.catchUp()
	if _, err := r.engine.State(t.Context(), "herald", nil); err == nil || err.Error() != "pipeline herald: its projection is stateless: it has effects only" {
		t.Errorf("error %v", err)
	}
}

func (r *rig) kept(spec config.Pipeline) *engine.Kept {
	r.t.Helper()
	k, err := engine.OpenKept(r.ctx, r.states(), spec, openPlugin)
	must(r.t, err)
	r.t.Cleanup(func() { must(r.t, k.Close(r.ctx)) })
	return k
}

// What a pipeline remembers is what it showed when it ran.
func TestKept(t *testing.T) {
	all := history(100)
	r := newRig(t, newLog(t, all), lines(), commits(), herald())
	r.open()
	r.catchUp()
	states, status := map[string]string{}, map[string]engine.Status{}
	for _, p := range r.specs {
		s := r.status(p.Name)
		s.Executors, s.Checkpoint = nil, engine.CheckpointStatus{} // only an engine has them open, and makes it
		status[p.Name] = s
		if p.Name != "herald" {
			states[p.Name] = r.state(p.Name)
		}
	}
	r.close()
	for _, p := range r.specs {
		k := r.kept(p)
		if d := cmp.Diff(status[p.Name], k.Status(100)); d != "" {
			t.Errorf("status (-want +got):\n%s", d)
		}
		if s := k.Status(130); s.Lag != 30 || !s.Covered() {
			t.Errorf("status with a longer log: %+v", s)
		}
		text, err := k.State(t.Context(), nil)
		if want := states[p.Name]; want != "" && (err != nil || string(text) != want) {
			t.Errorf("state of %s: %s, %v, want %s", p.Name, text, err, want)
		}
	}
}

func TestKeptKeys(t *testing.T) {
	r := newRig(t, newLog(t, []event.Event{told(0, "a", ""), told(1, "b", ""), told(2, "b", "remove")}), fickle(), moody())
	r.open()
	r.catchUp()
	r.close()
	k := r.kept(fickle())
	if text, err := k.State(t.Context(), ptr("a")); err != nil || string(text) != `{"count":1,"last":1}` {
		t.Errorf("state of a: %s, %v", text, err)
	}
	if _, err := k.State(t.Context(), ptr("b")); !errors.Is(err, engine.ErrNoKey) {
		t.Errorf("state of b: %v", err)
	}
	m := r.kept(moody())
	if _, err := m.State(t.Context(), ptr("trap")); err == nil {
		t.Error("a query that traps is answered")
	}
	if text, err := m.State(t.Context(), nil); err != nil || string(text) != `{"told":3}` {
		t.Errorf("state after a query that trapped: %s, %v", text, err)
	}
}

func TestKeptWithoutItsProjection(t *testing.T) {
	r := newRig(t, newLog(t, history(10)), commits())
	r.open()
	r.catchUp()
	r.close()
	k, err := engine.OpenKept(t.Context(), r.states(), commits(), nil)
	must(t, err)
	if s := k.Status(10); s.Position != 10 || !s.Covered() {
		t.Errorf("status %+v", s)
	}
	if _, err := k.State(t.Context(), nil); err == nil {
		t.Error("there is a state without the projection")
	}
	must(t, k.Close(t.Context()))
}

func TestNothingIsKeptOfAPipelineThatNeverRan(t *testing.T) {
	if _, err := engine.OpenKept(t.Context(), t.TempDir(), commits(), openPlugin); err == nil || !strings.Contains(err.Error(), "pipeline commits: ") {
		t.Errorf("error %v", err)
	}
}
