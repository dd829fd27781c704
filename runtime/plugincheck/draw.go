package plugincheck

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/runtime/plugintest"
	"github.com/refold-dev/refold/runtime/projection"
)

// maxBatch is the most events of a batch that are drawn, each of which may be
// repeated.
const maxBatch = 8

// shape bounds the logs that are drawn.
type shape struct {
	batches int // the most of a log
	// times are how often an event comes, one of them for each, each time about
	// another aggregate and of another key; nil is once.
	times []int
}

var (
	usual = shape{batches: 5}
	// crowded logs have batches of hundreds of events and of keys: what a projection
	// has room for only so often, or finds by a hash, shows in them.
	crowded = shape{batches: 3, times: []int{1, 64, 128}}
	// single logs are folded over and over.
	single = shape{batches: 1}
)

// aggregates is how many the events that are made up are about, unless crowded.
const aggregates = 3

// step is one event of a log, as it is drawn, or several.
type step struct {
	life    int // of the vocabulary's lives; -1 for an event that is made up
	made    event.Event
	payload []member
	subject int
	times   int
}

// atom is one event of a drawn log: a step for the nth time, from 0.
type atom struct {
	step *step
	n    int
}

// draw draws the events of a log of a shape, by batch.
func (v *Vocabulary) draw(t *rapid.T, s shape) (batches [][]atom) {
	one := func(t *rapid.T) step { return v.step(t, s.times) }
	batch := rapid.SliceOfN(rapid.Custom(one), 1, maxBatch)
	for _, steps := range rapid.SliceOfN(batch, 1, s.batches).Draw(t, "log") {
		var atoms []atom
		for i := range steps {
			for n := range steps[i].times {
				atoms = append(atoms, atom{&steps[i], n})
			}
		}
		batches = append(batches, atoms)
	}
	return batches
}

// log makes a log of what was drawn, and returns of what each event is made.
func (v *Vocabulary) log(batches [][]atom) (projection.Log, []atom) {
	w := writer{vocabulary: v, next: make([]int, len(v.lives)), versions: map[event.Aggregate]event.Version{}}
	for _, atoms := range batches {
		before := len(w.log.Events)
		for _, a := range atoms {
			w.write(a)
		}
		if size := len(w.log.Events) - before; size > 0 {
			w.log.Batches = append(w.log.Batches, size)
		}
	}
	return w.log, w.from
}

// writer makes a log of steps.
type writer struct {
	vocabulary *Vocabulary
	log        projection.Log
	from       []atom
	next       []int // of each life
	versions   map[event.Aggregate]event.Version
}

func (w *writer) write(a atom) {
	s, n := a.step, a.n
	at := event.Position(len(w.log.Events) + 1)
	var e event.Event
	if s.life < 0 {
		e = s.made
		e.Data = payload(s.payload, n)
		e = plugintest.Envelope(e, at, s.subject+n)
	} else {
		which := (s.life + n) % len(w.next)
		life := w.vocabulary.lives[which]
		if w.next[which] == len(life) {
			return // it is over
		}
		e = life[w.next[which]]
		w.next[which]++
	}
	w.versions[e.Aggregate]++
	w.from = append(w.from, a)
	w.log.Events = append(w.log.Events, event.Recorded{Event: e, Position: at, Version: w.versions[e.Aggregate]})
}

// Sample draws a log of so many events, the same one for the same vocabulary.
func (v *Vocabulary) Sample(events int) projection.Log {
	var log projection.Log
	seed := uint64(0)
	for len(log.Events) < events {
		seed++
		search(seed, 1, func(t *rapid.T) {
			drawn, _ := v.log(v.draw(t, usual))
			for _, e := range drawn.Events {
				e.Position = event.Position(len(log.Events) + 1)
				log.Events = append(log.Events, e)
			}
		})
		if seed > uint64(events) {
			break
		}
	}
	return log
}

func (v *Vocabulary) step(t *rapid.T, times []int) step {
	s := step{life: -1, times: 1}
	if len(times) > 0 {
		s.times = rapid.SampledFrom(times).Draw(t, "times")
	}
	if len(v.lives) > 0 && !rapid.Bool().Draw(t, "made up") {
		s.life = rapid.IntRange(0, len(v.lives)-1).Draw(t, "life")
		return s
	}
	kind := rapid.SampledFrom(v.types).Draw(t, "type")
	s.subject = rapid.IntRange(1, aggregates).Draw(t, "aggregate")
	s.payload = kind.payload(t)
	s.made = event.Event{Type: kind.name, SchemaVersion: kind.version}
	switch rapid.IntRange(0, 9).Draw(t, "envelope") {
	case 6:
		if !kind.declared { // a log without a catalog has events of any version
			s.made.SchemaVersion = 2
		}
	case 7:
		s.made.Metadata = json.RawMessage(`{"user":"somebody","nested":{"list":[1,null]}}`)
	case 8:
		s.made.CausationID = uuid.NullUUID{UUID: uuid.MustParse("00000000-0000-7000-8000-00000000000a"), Valid: true}
	case 9:
		s.made.Time = rapid.SampledFrom(edgeTimes).Draw(t, "time")
	}
	return s
}

// edgeTimes are times at the edges of what an event can carry.
var edgeTimes = []time.Time{
	time.Unix(0, 0).UTC(), time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2261, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
}

// member is a value of a payload.
type member struct {
	field *field
	value json.RawMessage
}

// payload draws a payload's values.
func (k *eventType) payload(t *rapid.T) (list []member) {
	for i := range k.fields {
		f := &k.fields[i]
		if value := f.draw(t, k.declared); value != nil {
			list = append(list, member{f, value})
		}
	}
	return list
}

// payload is JSON of drawn values, the nth time with another key than before.
func payload(list []member, n int) json.RawMessage {
	root := map[string]any{}
	for _, m := range list {
		if m.field.key && n > 0 {
			m.value = m.field.nthKey(n)
		}
		put(root, m.field.path, m.value)
	}
	text, err := json.Marshal(root)
	if err != nil {
		panic(fmt.Sprintf("a payload that is no JSON: %v", err)) // cannot be: its values are
	}
	return text
}

// put puts a value at a path, unless something else is in the way.
func put(root map[string]any, path []string, value json.RawMessage) {
	for len(path) > 1 {
		child, ok := root[path[0]].(map[string]any)
		if !ok {
			if root[path[0]] != nil {
				return
			}
			child = map[string]any{}
			root[path[0]] = child
		}
		root, path = child, path[1:]
	}
	if root[path[0]] == nil {
		root[path[0]] = value
	}
}
