package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

// answers keeps answers in a log. Where moment is set, it is told of what is about to
// be done and has been done, and may forbid it.
type answers struct {
	log    eventstore.Log
	moment func(what string) error
}

func (a answers) at(what string) error {
	if a.moment == nil {
		return nil
	}
	return a.moment(what)
}

func (a answers) Recorded(ctx context.Context, id uuid.UUID) (bool, error) {
	at, err := a.log.Version(ctx, effect.AnswerAggregate(id))
	return at > 0, err
}

func (a answers) Record(ctx context.Context, answer event.Event) error {
	if err := a.at("record"); err != nil {
		return err
	}
	_, err := a.log.Append(ctx, answer.Aggregate, event.None(), answer)
	var conflict *eventstore.ConflictError
	var taken *eventstore.DuplicateIDError
	if errors.As(err, &conflict) || errors.As(err, &taken) {
		err = nil
	}
	return errors.Join(err, a.at("recorded"))
}

// interviewer stands before an executor that answers, and tells of what it does.
type interviewer struct {
	engine.Executor
	moment func(what string) error
	ask    func(q effect.Effect) effect.Effect // what is asked in its place; nil: itself
}

func (x *interviewer) CanAnswer() bool { return x.Executor.(engine.Querier).CanAnswer() }

func (x *interviewer) Query(ctx context.Context, q effect.Effect) (json.RawMessage, error) {
	if err := x.moment("query"); err != nil {
		return nil, err
	}
	if x.ask != nil {
		q = x.ask(q)
	}
	answer, err := x.Executor.(engine.Querier).Query(ctx, q)
	return answer, errors.Join(err, x.moment("queried"))
}

func (x *interviewer) Execute(ctx context.Context, b effect.Batch) error {
	if err := x.moment("execute"); err != nil {
		return err
	}
	return errors.Join(x.Executor.Execute(ctx, b), x.moment("executed"))
}

// interview has a rig answer queries, and tell of it.
func (r *rig) interview(log eventstore.Log, moment func(what string) error, ask func(effect.Effect) effect.Effect) {
	r.opts.Answers = answers{log, moment}
	r.opts.OpenExecutor = func(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
		x, err := openExecutor(r.dir)(ctx, spec, pipeline, generation)
		if err != nil || spec.SQLite == nil {
			return x, err
		}
		return &interviewer{x, moment, ask}, nil
	}
}

func always(string) error { return nil }

// catchUpTo catches up until the log ends at a position: answers come to its end.
func (r *rig) catchUpTo(end int) {
	r.t.Helper()
	for range 10 {
		r.catchUp()
		if r.status("asker").Position == event.Position(end) {
			return
		}
	}
	r.t.Fatalf("the log does not end at %d: %+v", end, r.status("asker"))
}

// wantAnswered checks what asker makes of a log in which each of these is told once:
// every question is answered once, from the rows as they were before its event,
// and each answer has come to the key that asked.
func (r *rig) wantAnswered(log eventstore.Log, all []telling) {
	r.t.Helper()
	count := map[string]int{}
	heard := map[string]int{}
	asked := map[uuid.UUID]int{} // what was told before, by the answer's id
	before := 0
	events, err := log.ReadAll(r.ctx, 1, 10_000)
	must(r.t, err)
	for _, e := range events {
		if e.Type != "told" {
			continue
		}
		key := all[before].key
		count[key]++
		heard[fmt.Sprintf("%s/%d", key, count[key])] = before
		asked[effect.EventID("asker", e.Position, 1)] = before
		before++
	}
	r.wantRows("asked", rowsIn(count))
	if d := cmp.Diff(rowsIn(heard), query(r.t, r.dir, "asked", "SELECT * FROM heard ORDER BY 1")); d != "" {
		r.t.Errorf("what was heard (-want +got):\n%s", d)
	}
	for _, e := range events {
		if e.Type != effect.QueryAnswered {
			continue
		}
		sum, wanted := asked[e.ID]
		delete(asked, e.ID)
		cause, correlation := events[0], events[0]
		for _, c := range events {
			if c.ID == e.CausationID.UUID {
				cause, correlation = c, c
			}
		}
		want := fmt.Sprintf(`{"pipeline":"asker","key":%q,"query":"SELECT coalesce(sum(n), 0) AS sum FROM asked WHERE name <> :not","parameters":{"not":"<nobody>"},"answer":[{"sum":%d}]}`, keyOf(cause), sum)
		if !wanted || string(e.Data) != want || e.CorrelationID != correlation.CorrelationID || !e.Time.Equal(cause.Time) || e.Version != 1 {
			r.t.Errorf("answer at %d: %+v with %s, want %s", e.Position, e, e.Data, want)
		}
	}
	if len(asked) > 0 {
		r.t.Errorf("%d questions have no answer", len(asked))
	}
}

func keyOf(e event.Recorded) string {
	var data struct{ Key string }
	_ = json.Unmarshal(e.Data, &data)
	return data.Key
}

func rowsIn(m map[string]int) []string {
	list := []string{}
	for _, key := range sortedKeys(m) {
		list = append(list, fmt.Sprintf("%s|%d", key, m[key]))
	}
	return list
}

// askings are n events for asker, of three keys.
func askings(n int) (all []telling) {
	for i := range n {
		all = append(all, telling{key: fmt.Sprint("key ", i*i%3)})
	}
	return all
}

// A question is answered once, and the answer folded in its place of the log: on
// every log, in batches of any size, over a restart, beside an executor that is told
// of the question only; and a replay asks nothing and appends nothing.
func TestQueriesAreAnswered(t *testing.T) {
	for name, open := range stores {
		for _, size := range []int{1, 3, 1000} {
			t.Run(fmt.Sprintf("%s, batches of %d", name, size), func(t *testing.T) {
				log := open(t)
				t.Cleanup(func() { must(t, log.Close()) })
				all := askings(12)
				appendTo(t, log, eventsOf(all)[:7])
				spec := asker()
				spec.Executors = append([]config.Executor{{Filter: &config.Filter{Executor: &config.Executor{Log: &config.Log{}}}}}, spec.Executors...)
				r := newRig(t, log, spec)
				r.opts.BatchSize = size
				questions := 0
				r.interview(log, func(what string) error {
					if what == "query" {
						questions++
					}
					return nil
				}, nil)
				r.open()
				r.catchUpTo(14)
				r.close()
				appendTo(t, log, eventsOf(all)[7:])
				r.open()
				r.start()
				r.untilLive("asker", 24)
				r.wantAnswered(log, all)
				state := r.state("asker")
				must(t, r.engine.Replay(t.Context(), "asker"))
				r.stop()
				if head, err := log.Head(t.Context()); err != nil || head != 24 || questions != 12 {
					t.Errorf("after a replay the log ends at %d, %v, with %d questions", head, err, questions)
				}
				r.wantAnswered(log, all)
				if got := r.state("asker"); got != state {
					t.Errorf("state %s, before the replay %s", got, state)
				}
			})
		}
	}
}

var errDead = errors.New("the engine is dead")

// At whatever moment an engine dies, between asking, recording and committing: there
// is one answer to each question in the end, and it is the one of an engine that has
// never died.
func TestAnEngineThatDiesOverAQuestion(t *testing.T) {
	all := askings(5)
	log := newLog(t, eventsOf(all))
	r := newRig(t, log, asker())
	r.seen.strange = true
	r.opts.BatchSize, r.opts.CheckpointEvery = 2, time.Hour
	deaths := map[string]int{}
	for fatal := 1; ; fatal++ {
		left, moments := picture(nil), 0
		r.interview(log, func(what string) error {
			switch moments++; {
			case left != nil:
				return errDead
			case moments == fatal:
				left = takePicture(t, r.dir)
				deaths[what]++
				return errDead
			}
			return nil
		}, nil)
		r.open()
		err := r.engine.CatchUp(t.Context())
		r.close()
		if left == nil {
			must(t, err)
			break
		}
		if !errors.Is(err, errDead) {
			t.Fatalf("dead at %d: %v", fatal, err)
		}
		must(t, os.RemoveAll(r.dir))
		left.develop(t, r.dir)
		r.seen.forgive("asker")
		if moments > 200 {
			t.Fatal("it does not come to an end")
		}
	}
	for _, what := range []string{"execute", "executed", "query", "queried", "record", "recorded"} {
		if deaths[what] == 0 {
			t.Errorf("it has never died at %q: %v", what, deaths)
		}
	}
	r.interview(log, always, nil)
	r.open()
	r.catchUpTo(10)
	r.wantAnswered(log, all)
	must(t, r.engine.Replay(t.Context(), "asker"))
	r.wantAnswered(log, all)
}

// A question that cannot be answered parks its key with nothing of its event
// performed, and no other; mended it is asked again, and the read model is as if it
// always had been.
func TestAQuestionWithoutAnAnswer(t *testing.T) {
	all := []telling{{"a", ""}, {"b", "babble"}, {"c", ""}, {"b", ""}, {"a", ""}}
	log := newLog(t, eventsOf(all))
	r := newRig(t, log, with("quarantine", asker()))
	mended := false
	r.interview(log, always, func(q effect.Effect) effect.Effect {
		if mended {
			q.Name = strings.Replace(q.Name, "SELECT n FROM nowhere", "SELECT coalesce(sum(n), 0) AS sum FROM asked", 1)
		}
		return q
	})
	r.seen.strange = true
	r.open()
	r.catchUpTo(8)
	r.wantRows("asked", []string{"a|2", "c|1"})
	left, err := r.engine.DeadLetters("asker")
	must(t, err)
	if len(left.Parked) != 1 || left.Parked[0].Key != "b" || left.Parked[0].Waiting != 2 || !strings.Contains(left.Parked[0].Error, "no such table: nowhere") {
		t.Errorf("left: %+v", left)
	}
	must(t, r.engine.Replay(t.Context(), "asker"))
	if s := r.status("asker"); s.Parked != 2 || s.Head != 8 {
		t.Errorf("after a replay: %+v", s)
	}
	mended = true
	must(t, r.engine.Retry(t.Context(), "asker", engine.Choice{}))
	r.catchUpTo(10)
	r.wantRows("asked", []string{"a|2", "b|2", "c|1"})
	want := []string{"a/1|0", "a/2|2", "b/1|3", "b/2|4", "c/1|1"}
	if d := cmp.Diff(want, query(t, r.dir, "asked", "SELECT * FROM heard ORDER BY 1")); d != "" {
		t.Errorf("heard (-want +got):\n%s", d)
	}
	must(t, r.engine.Replay(t.Context(), "asker"))
	if d := cmp.Diff(want, query(t, r.dir, "asked", "SELECT * FROM heard ORDER BY 1")); d != "" {
		t.Errorf("heard, after a replay (-want +got):\n%s", d)
	}
	if s := r.status("asker"); s.Parked != 0 || s.Head != 10 {
		t.Errorf("in the end: %+v", s)
	}
}

// A question that its executor leaves out is kept, and asked by a retry.
func TestAQuestionIsLeftOut(t *testing.T) {
	log := newLog(t, eventsOf([]telling{{"a", ""}, {"a", "babble"}, {"a", ""}}))
	spec := asker()
	spec.Executors[0].OnError = "dead_letter"
	r := newRig(t, log, spec)
	mended := false
	r.interview(log, always, func(q effect.Effect) effect.Effect {
		if mended {
			q.Name, q.Body = `SELECT 7 AS sum`, nil
		}
		return q
	})
	r.open()
	r.catchUpTo(5)
	r.wantRows("asked", []string{"a|3"})
	mended = true
	must(t, r.engine.Retry(t.Context(), "asker", engine.Choice{Letter: "2/sqlite/1"}))
	r.catchUpTo(6)
	if d := cmp.Diff([]string{"a/1|0", "a/2|2", "a/3|7"}, query(t, r.dir, "asked", "SELECT * FROM heard ORDER BY 1")); d != "" {
		t.Errorf("heard (-want +got):\n%s", d)
	}
}

// An engine that has nowhere to keep answers says so before it folds.
func TestAnswersAreKeptSomewhere(t *testing.T) {
	r := newRig(t, newLog(t, nil), asker())
	if err := r.unopened("asker"); !strings.Contains(err.Error(), "pipeline asker: its executor sqlite answers queries") {
		t.Errorf("error %v", err)
	}
}

// envAsks has the child of a test ask.
const envAsks = "REFOLD_ENGINE_TEST_ASKS"

// withEmbedded opens the log of a directory, and closes it behind do.
func withEmbedded(ctx context.Context, dir string, do func(eventstore.Log) error) error {
	server, err := embedded.Start(embedded.Options{Dir: filepath.Join(dir, "log"), Sync: embedded.SyncAlways, Token: "test"})
	if err != nil {
		return err
	}
	log, err := jetstream.Open(ctx, jetstream.Config{URL: server.URL(), Token: "test"})
	if err != nil {
		return errors.Join(err, server.Close())
	}
	return errors.Join(do(log), log.Close(), server.Close())
}

// childAsks prints a line for each answer, until it is killed.
func childAsks(dir string) error {
	ctx := context.Background()
	return withEmbedded(ctx, dir, func(log eventstore.Log) error {
		say := func(what string) error {
			fmt.Println(what)
			return nil
		}
		e, err := engine.Open(ctx, engine.Options{
			Log: log, Answers: answers{log, say}, Dir: filepath.Join(dir, "pipelines"), OpenPlugin: openPlugin, OpenExecutor: openExecutor(dir),
			Logger: slog.New(slog.DiscardHandler), Now: time.Now, BatchSize: 4, CheckpointEvery: 20 * time.Millisecond,
		}, []config.Pipeline{asker()})
		if err != nil {
			return err
		}
		e.Run(ctx)
		return nil
	})
}

// kill -9 of engine and log together, again and again: one answer to each question.
func TestKilledWhileAsking(t *testing.T) {
	if testing.Short() {
		t.Skip("short: kills processes, of which the race detector learns nothing")
	}
	all := askings(60)
	r := newRig(t, nil, asker())
	must(t, withEmbedded(t.Context(), r.dir, func(log eventstore.Log) error {
		return importInto(t.Context(), log, eventsOf(all))
	}))
	for round := range 3 {
		killAfter(t, r.dir, 13+8*round, envAsks+"=yes")
	}
	must(t, withEmbedded(t.Context(), r.dir, func(log eventstore.Log) error {
		r.log = log
		r.seen.strange = true
		r.interview(log, always, nil)
		r.open()
		if s := r.status("asker"); s.Head <= 60 || s.Head >= 120 {
			t.Errorf("the log ends at %d before the last run", s.Head)
		}
		r.catchUpTo(120)
		r.wantAnswered(log, all)
		must(t, r.engine.Replay(t.Context(), "asker"))
		r.wantAnswered(log, all)
		r.close()
		return nil
	}))
}
