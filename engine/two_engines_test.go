package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/refold-dev/refold/engine"
)

// beside is a rig with states of its own over the log and the files of another: a
// second engine by mistake.
func beside(r *rig) *rig {
	other := newRig(r.t, r.log, r.specs...)
	other.seen.strange = true
	other.opts.OpenExecutor = openExecutor(r.dir)
	return other
}

// wantReplaced waits until a pipeline has stopped because another engine has taken it
// over.
func (r *rig) wantReplaced(pipeline string) engine.Status {
	r.t.Helper()
	s := r.until(pipeline, "faulted", func(s engine.Status) bool { return s.State == engine.Faulted })
	if !strings.HasPrefix(s.Error, "pipeline "+pipeline+": another engine maintains its read model by now: stop one of the two") {
		r.t.Errorf("it has stopped because of: %s", s.Error)
	}
	return s
}

// Two engines with one pipeline and one sink: the one that is opened anew takes over,
// whatever generation serves; the other one stops that pipeline, stays stopped over a
// restart, and goes on with its others. The rows are those of one engine, also when
// the read model is taken back.
func TestTwoEnginesOnOnePipeline(t *testing.T) {
	for replays := range 3 {
		t.Run(fmt.Sprintf("after %d replays", replays), func(t *testing.T) {
			all := history(90)
			log := newLog(t, all[:30])
			a := newRig(t, log, lines(), commits())
			a.seen.strange = true
			a.open()
			a.start()
			a.untilLive("lines", 30)
			for range replays {
				must(t, a.engine.Replay(t.Context(), "lines"))
			}
			a.untilLive("lines", 30)

			b := beside(a)
			b.open()
			b.start()
			b.untilLive("lines", 30)
			appendTo(t, log, all[30:60])
			b.untilLive("lines", 60)
			if s := a.wantReplaced("lines"); s.Position > 30 {
				t.Errorf("the one that is fenced has gone on: %+v", s)
			}
			a.untilLive("commits", 60)
			a.wantRows("lines_by_dir", wantRowsOf(all[:60]))

			a.close()
			a.open()
			a.start()
			a.untilLive("commits", 60)
			a.wantReplaced("lines")
			if err := a.engine.Resume(t.Context(), "lines"); err == nil {
				a.wantReplaced("lines")
			}
			appendTo(t, log, all[60:70])
			b.untilLive("lines", 70)
			a.wantRows("lines_by_dir", wantRowsOf(all[:70]))

			must(t, a.engine.Reset(t.Context(), "lines"))
			appendTo(t, log, all[70:])
			a.untilLive("lines", 90)
			b.wantReplaced("lines")
			b.untilLive("commits", 90)
			a.wantLines(all)
			a.close()
			b.close()
			wantTables(t, a, "_refold_checkpoints", "_refold_epochs", "_refold_format", "_refold_tables", "lines_by_dir")
		})
	}
}

// Where they ask, each question has one answer, whoever of them has recorded it.
func TestTwoEnginesThatAsk(t *testing.T) {
	all := askings(9)
	log := newLog(t, eventsOf(all)[:3])
	a := newRig(t, log, asker())
	a.seen.strange = true
	a.interview(log, always, nil)
	a.open()
	a.start()
	a.untilLive("asker", 6)
	b := beside(a)
	b.opts.Answers = a.opts.Answers
	b.open()
	appendTo(t, log, eventsOf(all)[3:6]) // both are there to ask
	b.start()
	b.untilLive("asker", 12)
	a.wantReplaced("asker")
	appendTo(t, log, eventsOf(all)[6:])
	b.untilLive("asker", 18)
	a.wantAnswered(log, all)
	if head, err := log.Head(t.Context()); err != nil || head != 18 {
		t.Errorf("the log ends at %d, %v", head, err)
	}
}
