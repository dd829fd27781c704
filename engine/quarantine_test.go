package engine_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
)

// poisons are the ways in which an event can be told to be poison: to the
// projection, or to the executor.
var poisons = []string{"reject", "trap", "stray"}

// with is a pipeline with another policy.
func with(policy string, p config.Pipeline) config.Pipeline {
	p.OnError = policy
	return p
}

// counted is what fickle shall make of a log: the rows of its table, and the
// ledger.
type counted struct {
	rows                            []string
	delivered, parked, deadLettered int
}

// telling is one event for fickle.
type telling struct{ key, do string }

// wantCounted folds naively. Positions count from 1. What is in mended is no
// poison any more.
func wantCounted(all []telling, policy string, mended func(do string) bool) (want counted) {
	type counter struct{ count, last int }
	counters, parked := map[string]counter{}, map[string]bool{}
	for i, e := range all {
		poison := e.do != "" && !mended(e.do)
		switch {
		case parked[e.key], poison && policy == "quarantine":
			parked[e.key] = true
			want.parked++
		case poison:
			want.deadLettered++
		default:
			want.delivered++
			counters[e.key] = counter{counters[e.key].count + 1, i + 1}
		}
	}
	want.rows = []string{}
	for _, key := range sortedKeys(counters) {
		want.rows = append(want.rows, fmt.Sprintf("%s|%d|%d", key, counters[key].count, counters[key].last))
	}
	return want
}

func nothingMended(string) bool { return false }

func eventsOf(all []telling) (list []event.Event) {
	for i, e := range all {
		list = append(list, told(i, e.key, e.do))
	}
	return list
}

// wantCounted checks rows and ledger of the pipeline fickle.
func (r *rig) wantCounted(want counted) {
	r.t.Helper()
	r.wantRows("counters", want.rows)
	s := r.status("fickle")
	got := counted{want.rows, int(s.Delivered), int(s.Parked), int(s.DeadLettered)}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(counted{})); d != "" {
		r.t.Errorf("the ledger (-want +got):\n%s", d)
	}
}

// poisonedCourse is a log with poison, and how it comes to an engine that is stopped and
// opened again between its parts.
type poisonedCourse struct {
	all          []telling
	parts        []int
	batch, ahead int
}

var poisonedCourses = rapid.Custom(func(t *rapid.T) (c poisonedCourse) {
	keys := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
	for range rapid.IntRange(20, 80).Draw(t, "events") {
		e := telling{key: keys.Draw(t, "key")}
		if rapid.IntRange(0, 9).Draw(t, "fate") == 0 {
			e.do = rapid.SampledFrom(poisons).Draw(t, "poison")
		}
		c.all = append(c.all, e)
	}
	for left := len(c.all); left > 0; left -= c.parts[len(c.parts)-1] {
		c.parts = append(c.parts, rapid.IntRange(1, left).Draw(t, "part"))
	}
	c.batch, c.ahead = rapid.IntRange(1, 30).Draw(t, "batch"), rapid.IntRange(1, 5).Draw(t, "ahead")
	return c
})

// somePoisonedCourses are few: each opens engines and files.
func somePoisonedCourses() (list []poisonedCourse) {
	n := 8
	if testing.Short() {
		n = 3
	}
	for seed := range n {
		list = append(list, poisonedCourses.Example(seed))
	}
	return list
}

// However events are batched, and wherever the engine is stopped and opened again,
// poison parks its key, or is left out, and nothing else changes; a replay comes to
// the same.
func TestPoisonDoesNotSpread(t *testing.T) {
	for _, policy := range []string{"quarantine", "dead_letter"} {
		for i, c := range somePoisonedCourses() {
			t.Run(fmt.Sprintf("%s/%d", policy, i), func(t *testing.T) {
				log := newLog(t, nil)
				r := newRig(t, log, with(policy, fickle()))
				r.seen.strange = true
				r.opts.BatchSize, r.opts.Ahead = c.batch, c.ahead
				events := eventsOf(c.all)
				for _, n := range c.parts {
					appendTo(t, log, events[:n])
					events = events[n:]
					r.open()
					r.catchUp()
					r.close()
					r.seen = newWitness()
					r.seen.strange = true
				}
				r.open()
				want := wantCounted(c.all, policy, nothingMended)
				r.wantCounted(want)
				must(t, r.engine.Replay(t.Context(), "fickle"))
				r.wantCounted(want)
			})
		}
	}
}

// A live pipeline goes on past poison of each kind; the others keep their pace.
func TestPoisonWhileLive(t *testing.T) {
	for _, do := range append([]string{"recurse", "spin"}, poisons...) {
		t.Run(do, func(t *testing.T) {
			var all []telling
			for i := range 40 {
				all = append(all, telling{key: fmt.Sprint(i % 4)})
			}
			all[17].do = do
			log := newLog(t, nil)
			r := newRig(t, log, with("quarantine", fickle()))
			r.seen.strange = true // an executor's poison has the events since the last checkpoint folded again
			r.opts.BatchSize = 8
			r.open()
			r.start()
			for _, e := range eventsOf(all) {
				appendTo(t, log, []event.Event{e})
			}
			r.untilLive("fickle", len(all))
			r.wantCounted(wantCounted(all, "quarantine", nothingMended))
		})
	}
}

// An event whose key cannot be told has none to be parked: it is left out.
func TestPoisonWithoutAKey(t *testing.T) {
	log := newLog(t, []event.Event{told(0, "a", ""), newEvent(1, "told", `{"key":{}}`), told(2, "a", "")})
	r := newRig(t, log, with("quarantine", fickle()))
	r.open()
	r.catchUp()
	r.wantRows("counters", []string{"a|2|3"})
	if s := r.status("fickle"); s.DeadLettered != 1 || s.Parked != 0 {
		t.Errorf("status %+v", s)
	}
}

// A resident projection has no keys; its state is what it has folded but for the
// poison, and never shows that it had begun with it.
func TestPoisonOfAResidentProjection(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	kinds := rapid.SliceOfN(rapid.SampledFrom([]string{"file_added", "file_added", "tag_created", "mood_spoiled", "mood_soured"}), 5, 40)
	for batch := range 10 {
		var events []event.Event
		counts, rows, poisoned := map[string]int{}, []string{}, uint64(0)
		for i, typ := range kinds.Example(batch) {
			events = append(events, newEvent(i, typ, `{}`))
			if strings.HasPrefix(typ, "mood") {
				poisoned++
				continue
			}
			counts[typ]++
			rows = append(rows, fmt.Sprintf("%d|%d", i+1, counts[typ]))
		}
		r := newRig(t, newLog(t, events), with("dead_letter", moody()))
		r.seen.strange = true
		r.opts.BatchSize = 2*batch + 1
		r.open()
		r.catchUp()
		r.wantRows("passed", rows)
		r.wantState("moody", counts)
		if s := r.status("moody"); s.DeadLettered != poisoned {
			t.Errorf("%d events were left out, want %d", s.DeadLettered, poisoned)
		}
		r.close()
	}
}

// A policy that the projection cannot have is refused before anything runs.
func TestQuarantineNeedsKeys(t *testing.T) {
	r := newRig(t, newLog(t, nil), with("quarantine", moody()))
	if err := r.tryOpen(); err == nil {
		t.Error("opened")
		r.close()
	}
}

// Poison that comes while the pipeline is live is no reason to complain of the
// lifecycle.
func TestPoisonIsNoStepOfTheLifecycle(t *testing.T) {
	log := newLog(t, eventsOf([]telling{{"a", ""}}))
	r := newRig(t, log, with("quarantine", fickle()))
	var said bytes.Buffer
	r.opts.Logger = slog.New(slog.NewTextHandler(&said, nil))
	r.seen.strange = true
	r.open()
	r.start()
	r.untilLive("fickle", 1)
	appendTo(t, log, eventsOf([]telling{{"a", ""}, {"b", "stray"}, {"c", ""}})[1:])
	r.until("fickle", "behind the poison", func(s engine.Status) bool { return s.Parked == 1 && s.Position == 3 })
	r.close()
	if said.Len() > 0 {
		t.Errorf("it has said: %s", said.String())
	}
}
