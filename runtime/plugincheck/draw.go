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

// The most batches of a log, of one that is folded over and over, and the most
// events of a batch.
const (
	maxBatches  = 5
	maxRepeated = 1
	maxBatch    = 8
)

// aggregates is how many the events that are made up are about.
const aggregates = 3

// step is one event of a log, as it is drawn.
type step struct {
	life    int // of the vocabulary's lives; -1 for an event that is made up
	made    event.Event
	subject int
}

// draw draws a log of at most so many batches.
func (v *Vocabulary) draw(t *rapid.T, most int) projection.Log {
	batch := rapid.SliceOfN(rapid.Custom(v.step), 1, maxBatch)
	w := writer{vocabulary: v, next: make([]int, len(v.lives)), versions: map[event.Aggregate]event.Version{}}
	for _, steps := range rapid.SliceOfN(batch, 1, most).Draw(t, "log") {
		before := len(w.log.Events)
		for i := range steps {
			w.write(&steps[i])
		}
		if size := len(w.log.Events) - before; size > 0 {
			w.log.Batches = append(w.log.Batches, size)
		}
	}
	return w.log
}

// writer makes a log of steps.
type writer struct {
	vocabulary *Vocabulary
	log        projection.Log
	next       []int // of each life
	versions   map[event.Aggregate]event.Version
}

func (w *writer) write(s *step) {
	at := event.Position(len(w.log.Events) + 1)
	var e event.Event
	if s.life < 0 {
		e = plugintest.Envelope(s.made, at, s.subject)
	} else {
		life := w.vocabulary.lives[s.life]
		if w.next[s.life] == len(life) {
			return // it is over
		}
		e = life[w.next[s.life]]
		w.next[s.life]++
	}
	w.versions[e.Aggregate]++
	w.log.Events = append(w.log.Events, event.Recorded{Event: e, Position: at, Version: w.versions[e.Aggregate]})
}

// Sample draws a log of so many events, the same one for the same vocabulary.
func (v *Vocabulary) Sample(events int) projection.Log {
	var log projection.Log
	seed := uint64(0)
	for len(log.Events) < events {
		seed++
		search(seed, 1, func(t *rapid.T) {
			drawn := v.draw(t, maxBatches)
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

func (v *Vocabulary) step(t *rapid.T) step {
	if len(v.lives) > 0 && !rapid.Bool().Draw(t, "made up") {
		return step{life: rapid.IntRange(0, len(v.lives)-1).Draw(t, "life")}
	}
	kind := rapid.SampledFrom(v.types).Draw(t, "type")
	s := step{life: -1, subject: rapid.IntRange(1, aggregates).Draw(t, "aggregate")}
	s.made = event.Event{Type: kind.name, SchemaVersion: kind.version, Data: kind.payload(t)}
	switch rapid.IntRange(0, 9).Draw(t, "envelope") {
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

// payload draws a payload.
func (k *eventType) payload(t *rapid.T) json.RawMessage {
	root := map[string]any{}
	for i := range k.fields {
		f := &k.fields[i]
		if value := f.draw(t, k.declared); value != nil {
			put(root, f.path, value)
		}
	}
	text, err := json.Marshal(root)
	if err != nil {
		t.Fatal(fmt.Errorf("a payload that is no JSON: %w", err))
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
