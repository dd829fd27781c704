package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

// mirror keeps a copy of a pipeline's states by what it is told.
type mirror struct {
	r        *rig
	pipeline string

	mu    sync.Mutex
	keys  map[string]json.RawMessage
	told  map[string]int // by kind
	after engine.Point
}

func newMirror(r *rig, pipeline string) *mirror {
	return &mirror{r: r, pipeline: pipeline, told: map[string]int{}}
}

// follow keeps the copy until ctx is done.
func (m *mirror) follow(ctx context.Context, after *engine.Point) error {
	x, err := m.r.engine.Watch(ctx, m.pipeline, engine.Watch{After: after})
	if err != nil {
		return err
	}
	defer x.Close()
	for {
		n, err := x.Next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := m.take(ctx, n); err != nil {
			return err
		}
	}
}

func (m *mirror) take(ctx context.Context, n engine.Notice) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told[n.Kind]++
	m.after = n.Point
	if n.Kind == engine.Missed || m.keys == nil {
		text, err := m.r.engine.State(ctx, m.pipeline, nil)
		if err != nil {
			return err
		}
		m.keys = map[string]json.RawMessage{}
		return json.Unmarshal(text, &m.keys)
	}
	for _, k := range n.Keys {
		if m.keys[k.Key] = k.State; k.State == nil {
			delete(m.keys, k.Key)
		}
	}
	return nil
}

func (m *mirror) text() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, _ := json.Marshal(m.keys)
	return string(text)
}

// untilSame waits until the copy is what readers see.
func (m *mirror) untilSame() {
	m.r.t.Helper()
	want := m.r.state(m.pipeline)
	for end := time.Now().Add(patience); m.text() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			m.r.t.Fatalf("the copy is %s, and the state %s", m.text(), want)
		}
	}
}

// untilTold waits until there have been so many notices of a kind.
func (m *mirror) untilTold(kind string, n int) {
	m.r.t.Helper()
	for end := time.Now().Add(patience); m.notices(kind) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			m.r.t.Fatalf("%d notices of %s, and not %d", m.notices(kind), kind, n)
		}
	}
}

// notices counts those of a kind.
func (m *mirror) notices(kind string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.told[kind]
}

// start follows until the function that it returns is called.
func (m *mirror) start(after *engine.Point) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.follow(ctx, after) }()
	return func() {
		m.r.t.Helper()
		cancel()
		must(m.r.t, <-done)
	}
}

// Who watches has what readers see: of keys that come, change and go, when a replay's
// read model takes over, over a pause, a reset and a rollback, and from where it was left.
func TestWatching(t *testing.T) {
	events := []event.Event{told(0, "a", ""), told(1, "b", "")}
	log := newLog(t, events)
	add := func(key, do string) {
		appendTo(t, log, []event.Event{told(len(events), key, do)})
		events = append(events, event.Event{})
	}
	r := newRig(t, log, fickle())
	r.opts.CheckpointEvery = time.Millisecond
	r.open()
	r.start()
	r.untilLive("fickle", len(events))
	m := newMirror(r, "fickle")
	end := m.start(nil)
	for _, step := range []func(){
		func() {},
		func() { add("c", ""); add("a", ""); add("b", "remove") },
		func() { must(t, r.engine.Replay(t.Context(), "fickle")) },
		func() { add("d", "") },
		func() {
			must(t, r.engine.Pause(t.Context(), "fickle", ""))
			must(t, r.engine.Resume(t.Context(), "fickle"))
			add("e", "")
		},
		func() { must(t, r.engine.Rollback(t.Context(), "fickle", 0)); add("f", "") },
		func() { must(t, r.engine.Reset(t.Context(), "fickle")); add("d", "remove") },
	} {
		step()
		r.untilLive("fickle", len(events))
		m.untilSame()
	}
	end()
	if m.told[engine.Ready] != 1 || m.told[engine.Changed] < 5 || m.told[engine.Missed] < 3 {
		t.Errorf("told: %v", m.told)
	}
	missed := m.told[engine.Missed]
	add("g", "")
	r.untilLive("fickle", len(events))
	end = m.start(&m.after)
	m.untilTold(engine.Ready, 2)
	m.untilSame()
	end()
	if m.told[engine.Missed] != missed || m.told[engine.Ready] != 2 {
		t.Errorf("told to one who goes on: %v, with %d gaps before", m.told, missed)
	}
	end = m.start(&engine.Point{Generation: 1, Position: 1})
	m.untilTold(engine.Missed, missed+1)
	m.untilSame()
	end()
}

// next is what a watcher is told next.
func next(t *testing.T, x *engine.Watcher) engine.Notice {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	n, err := x.Next(ctx)
	must(t, err)
	return n
}

// One key, keys with a prefix: who watches them is told of them alone, and of that one key
// as it is at first.
func TestWatchingSomeKeys(t *testing.T) {
	log := newLog(t, []event.Event{told(0, "aa", "")})
	r := newRig(t, log, fickle())
	r.opts.CheckpointEvery = time.Millisecond
	r.open()
	r.start()
	r.untilLive("fickle", 1)
	one, err := r.engine.Watch(t.Context(), "fickle", engine.Watch{Key: ptr("aa")})
	must(t, err)
	defer one.Close()
	some, err := r.engine.Watch(t.Context(), "fickle", engine.Watch{Prefix: "a"})
	must(t, err)
	defer some.Close()
	if n := next(t, one); n.Kind != engine.Ready || len(n.Keys) != 1 || string(n.Keys[0].State) != `{"count":1,"last":1}` {
		t.Errorf("one key at first: %+v", n)
	}
	if n := next(t, some); n.Kind != engine.Ready || len(n.Keys) != 0 {
		t.Errorf("some keys at first: %+v", n)
	}
	for i, step := range []struct{ key, do, want string }{
		{"b", "", ""}, {"ab", "", `{"count":1,"last":3}`}, {"aa", "", `{"count":2,"last":4}`}, {"b", "", ""}, {"aa", "remove", ""},
	} {
		appendTo(t, log, []event.Event{told(i+1, step.key, step.do)})
		r.untilLive("fickle", i+2)
		if !strings.HasPrefix(step.key, "a") {
			continue
		}
		n := next(t, some)
		if n.Kind != engine.Changed || len(n.Keys) != 1 || n.Keys[0].Key != step.key || string(n.Keys[0].State) != step.want {
			t.Errorf("%v: %+v", step, n)
		}
		if step.key != "aa" {
			continue
		}
		if d := cmp.Diff(n, next(t, one)); d != "" {
			t.Errorf("%v: one key is told otherwise\n%s", step, d)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if n, err := one.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nothing has changed: %+v, %v", n, err)
	}
}

// Of a resident projection it is the answer that is watched, and only where it changes.
func TestWatchingAnswers(t *testing.T) {
	all := history(40)
	log := newLog(t, all[:10])
	r := newRig(t, log, commits(), lines())
	r.opts.CheckpointEvery = time.Millisecond
	r.open()
	r.start()
	r.untilLive("commits", 10)
	x, err := r.engine.Watch(t.Context(), "commits", engine.Watch{})
	must(t, err)
	defer x.Close()
	n := next(t, x)
	if n.Kind != engine.Ready || string(n.Answer) != r.state("commits") {
		t.Errorf("at first: %+v", n)
	}
	answer := n.Answer
	appendTo(t, log, all[10:])
	r.untilLive("commits", 40)
	for want := r.state("commits"); string(answer) != want; {
		n := next(t, x)
		if n.Kind != engine.Changed || string(n.Answer) == string(answer) {
			t.Fatalf("%+v behind %s", n, answer)
		}
		answer = n.Answer
	}
	must(t, r.engine.Replay(t.Context(), "commits"))
	r.untilLive("commits", 40)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if n, err := x.Next(ctx); err == nil {
		t.Errorf("the answer is the same: %+v", n)
	}
}

// What cannot be watched, or asked, is refused.
func TestWatchingIsRefused(t *testing.T) {
	r := newRig(t, newLog(t, nil), herald(), lines(), moody())
	r.open()
	r.catchUp()
	for name, want := range map[string]string{"herald": "it has effects only", "nobody": "there is no such pipeline"} {
		if x, err := r.engine.Watch(t.Context(), name, engine.Watch{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("watching %s: %v, %v", name, x, err)
		}
	}
	if x, err := r.engine.Watch(t.Context(), "moody", engine.Watch{Key: ptr("refuse")}); err == nil || !strings.Contains(err.Error(), "refuses the query") {
		t.Errorf("a query that is refused: %v, %v", x, err)
	}
	if text, err := r.engine.Query(t.Context(), "lines", []byte("{}")); err == nil || !strings.Contains(err.Error(), "is keyed, and answers no queries") {
		t.Errorf("asking what is keyed: %s, %v", text, err)
	}
	if text, err := r.engine.Query(t.Context(), "moody", []byte("refuse")); err == nil || !strings.Contains(err.Error(), "refuses the query") {
		t.Errorf("asking what is refused: %s, %v", text, err)
	}
	if text, err := r.engine.Query(t.Context(), "moody", nil); err != nil || string(text) != r.state("moody") {
		t.Errorf("asking: %s, %v", text, err)
	}
	for _, name := range []string{"herald", "moody"} {
		if p, err := r.engine.States(t.Context(), name, engine.Pages{}); err == nil || !strings.Contains(err.Error(), "has no keys") {
			t.Errorf("pages of %s: %+v, %v", name, p, err)
		}
	}
	for _, after := range []string{"x", "!", "YQ"} {
		var wrong *engine.CursorError
		if p, err := r.engine.States(t.Context(), "lines", engine.Pages{After: after}); !errors.As(err, &wrong) {
			t.Errorf("after %s: %+v, %v", after, p, err)
		}
	}
}

// Pages, whatever their size, are together what the whole state has, stored or not.
func TestPagesOfStates(t *testing.T) {
	names := []string{"", "a", "ab", "b", "é", "ééé", "zz"}
	for i := range 200 {
		names = append(names, fmt.Sprintf("key %03d", i*7%200))
	}
	var all []event.Event
	for i, name := range names {
		all = append(all, told(i, name, ""))
	}
	log := newLog(t, all)
	r := newRig(t, log, fickle())
	r.opts.CheckpointEvery = time.Hour
	r.open()
	r.catchUp() // with a checkpoint
	r.start()
	more := []event.Event{told(1000, "a", "remove"), told(1001, "key 007", ""), told(1002, "key 0071", ""), told(1003, "key 199", "remove"), told(1004, "zzz", ""), told(1005, "new", ""), told(1006, "new", "remove")}
	appendTo(t, log, more)
	r.untilLive("fickle", len(all)+len(more))
	var whole map[string]json.RawMessage
	must(t, json.Unmarshal([]byte(r.state("fickle")), &whole))
	rapid.Check(t, func(t *rapid.T) {
		q := engine.Pages{
			Prefix: rapid.SampledFrom([]string{"", "a", "key", "key 00", "key 199", "z", "nobody", "é"}).Draw(t, "prefix"),
			Limit:  rapid.SampledFrom([]int{0, 1, 2, 3, 50, 1000}).Draw(t, "limit"),
		}
		found, last := map[string]json.RawMessage{}, ""
		for n := 0; n == 0 || q.After != ""; n++ {
			p, err := r.engine.States(context.Background(), "fickle", q)
			if err != nil || p.Generation != 1 || p.Position != event.Position(len(all)+len(more)) || p.Items == nil {
				t.Fatalf("%+v: %+v, %v", q, p, err)
			}
			for i, k := range p.Items {
				if (n > 0 || i > 0) && k.Key <= last {
					t.Fatalf("%q comes behind %q", k.Key, last)
				}
				found[k.Key], last = k.State, k.Key
			}
			if q.Limit > 0 && len(p.Items) > q.Limit || p.Next != "" && len(p.Items) == 0 {
				t.Fatalf("a page of %d: %+v", len(p.Items), q)
			}
			q.After = p.Next
		}
		want := map[string]json.RawMessage{}
		for key, state := range whole {
			if strings.HasPrefix(key, q.Prefix) {
				want[key] = state
			}
		}
		if d := cmp.Diff(want, found); d != "" {
			t.Fatalf("%+v:\n%s", q, d)
		}
	})
}

// A reload that leaves a pipeline as it is leaves those who watch it; one that declares it
// otherwise is a gap, once its new read model takes over; and where it is declared no more
// they are told so.
func TestWatchingOverAReload(t *testing.T) {
	all := history(60)
	log := newLog(t, all[:30])
	r := newRig(t, log, lines())
	r.opts.CheckpointEvery = time.Millisecond
	r.open()
	r.start()
	r.untilLive("lines", 30)
	m := newMirror(r, "lines")
	end := m.start(nil)
	m.untilTold(engine.Ready, 1)
	r.reload(lines())
	appendTo(t, log, all[30:])
	r.untilLive("lines", 60)
	m.untilSame()
	if n := m.notices(engine.Missed); n > 0 {
		t.Errorf("%d gaps by a reload that is about others", n)
	}
	r.reload(narrowed())
	m.untilTold(engine.Missed, 1)
	r.untilBuilt("lines", 60)
	m.untilSame()
	end()
	x, err := r.engine.Watch(t.Context(), "lines", engine.Watch{})
	must(t, err)
	defer x.Close()
	next(t, x)
	r.reload(commits())
	var no *engine.RefusedError
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if n, err := x.Next(ctx); !errors.As(err, &no) || no.State != engine.Retired {
		t.Errorf("watching what is declared no more: %+v, %v", n, err)
	}
}
