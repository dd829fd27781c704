package storetest

import (
	"errors"
	"maps"
	"slices"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// conflictOf returns the conflict that an error tells of, or nil.
func conflictOf(err error) *eventstore.ConflictError {
	var conflict *eventstore.ConflictError
	errors.As(err, &conflict)
	return conflict
}

// write is a step in which several writers append at once.
func (m *model) write(t *rapid.T) {
	r := m.draw(t)
	r.run(t.Context(), m.store)
	m.judge(t, r)
}

// judge takes over what a round has left in the log, and checks it against
// what everybody was told.
func (m *model) judge(t *rapid.T, r *round) {
	before, versions := event.Position(len(m.log)), maps.Clone(m.last)
	m.adopt(t, r)
	j := judgement{model: m, round: r, before: before, versions: versions, killed: r.kill != nil, whole: make(map[uuid.UUID]bool)}
	for _, c := range r.calls() {
		j.call(t, c)
	}
	for _, c := range r.calls() {
		if c.began > 0 && c.err == nil && !c.at.Duplicate {
			j.later(t, c)
		}
	}
	j.imports(t)
	j.follower(t)
}

// adopt reads what is new in the log: nothing but what was offered, whole, as
// it was offered, once, and at the next positions and versions.
func (m *model) adopt(t *rapid.T, r *round) {
	offered := make(map[uuid.UUID]event.Event)
	for _, c := range r.calls() {
		for _, e := range c.events {
			offered[e.ID] = e
		}
	}
	for _, e := range r.imports {
		offered[e.ID] = e
	}
	before := len(m.log)
	got, err := m.store.ReadAll(t.Context(), event.Position(before+1), len(offered)+1)
	if err != nil {
		t.Fatalf("reading after position %d: %v", before, err)
	}
	for _, stored := range got {
		e, known := offered[stored.ID]
		if at := m.places[stored.ID]; !known || at > 0 {
			t.Fatalf("event %s at position %d: offered %v, stored at position %d before", stored.ID, stored.Position, known, at)
		}
		m.record(e)
	}
	same(t, "after position", before, m.log[before:], got, nil)
	known := make(map[uuid.UUID]bool) // by the first event, for some calls are the same append
	for _, c := range r.calls() {
		if id := c.events[0].ID; int(m.places[id]) > before && !known[id] {
			known[id] = true
			m.appends = append(m.appends, c.events)
		}
	}
}

// judgement is what is known after a round.
type judgement struct {
	*model
	round    *round
	before   event.Position                    // the head at the start
	versions map[event.Aggregate]event.Version // and the versions
	killed   bool
	whole    map[uuid.UUID]bool // appends that a writer was told to have stored, by their first event
}

// call checks one writer's answer.
func (j *judgement) call(t *rapid.T, c *call) {
	first, last := j.span(t, c)
	conflict := conflictOf(c.err)
	switch {
	case c.began == 0:
	case c.err == nil:
		if want := (eventstore.Appended{Version: last.Version, Position: last.Position, Duplicate: c.at.Duplicate}); last.Position == 0 || c.at != want {
			t.Fatalf("append of %d events expecting %s was acknowledged with %+v, and is at %+v", len(c.events), c.expected, c.at, want)
		}
		j.acknowledged(t, c, first)
	case conflict != nil:
		j.conflict(t, c, conflict, last)
	case !j.killed:
		t.Fatalf("append of %d events expecting %s: %v", len(c.events), c.expected, c.err)
	}
}

// span returns where the call's first and last events are, zero if nowhere. All
// are there or none, next to each other in their aggregate.
func (j *judgement) span(t *rapid.T, c *call) (first, last event.Recorded) {
	for i, e := range c.events {
		var r event.Recorded
		if at := j.places[e.ID]; at > 0 {
			r = j.log[at-1]
		}
		if i == 0 {
			first = r
		}
		if (r.Position == 0) != (first.Position == 0) || r.Position > 0 && (r.Version != first.Version+event.Version(i) || r.Position < last.Position) {
			t.Fatalf("of an append of %d events the first is at position %d, version %d, and event %d at position %d, version %d",
				len(c.events), first.Position, first.Version, i+1, r.Position, r.Version)
		}
		last = r
	}
	return first, last
}

// acknowledged checks an append that succeeded: one writer is told that it is
// new, and that one's expectation held.
func (j *judgement) acknowledged(t *rapid.T, c *call, first event.Recorded) {
	if c.at.Duplicate {
		if first.Position > j.before && !j.killed && !slices.ContainsFunc(j.round.calls(), func(o *call) bool {
			return o.events[0].ID == first.ID && o.err == nil && o.began > 0 && !o.at.Duplicate
		}) {
			t.Fatalf("the append at position %d is new, and nobody was told so", first.Position)
		}
		return
	}
	if first.Position <= j.before || j.whole[first.ID] || !c.expected.Allows(first.Version-1) {
		t.Fatalf("append expecting %s is new at version %d, position %d; the head was %d, another one was told the same: %v",
			c.expected, first.Version, first.Position, j.before, j.whole[first.ID])
	}
	j.whole[first.ID] = true
}

// conflict checks an append that was refused: nothing of it is stored, unless by
// somebody who repeated it, and the version it tells is one that the aggregate
// had meanwhile.
func (j *judgement) conflict(t *rapid.T, c *call, conflict *eventstore.ConflictError, last event.Recorded) {
	low, high := j.versions[c.agg], j.versions[c.agg]
	twin := false
	for _, o := range j.round.calls() {
		_, stored := j.span(t, o)
		twin = twin || o != c && o.began > 0 && o.events[0].ID == c.events[0].ID
		if o.agg != c.agg || stored.Position == 0 || o.began == 0 {
			continue
		}
		if o.err == nil && o.ended < c.began {
			low = max(low, stored.Version)
		}
		if o.began < c.ended {
			high = max(high, stored.Version)
		}
	}
	if len(j.round.imports) > 0 {
		high = j.last[c.agg]
	}
	sound := conflict.Aggregate == c.agg && conflict.Expected == c.expected && !c.expected.Allows(conflict.Actual)
	if !sound || conflict.Actual < low || conflict.Actual > high || last.Position > 0 && !twin {
		t.Fatalf("append expecting %s of %s is refused with %+v, where the version was from %d to %d; it is stored at position %d",
			c.expected, c.agg, *conflict, low, high, last.Position)
	}
}

// later checks that what began after the call was acknowledged is behind it.
func (j *judgement) later(t *rapid.T, c *call) {
	for _, o := range j.round.calls() {
		if o.began > c.ended && o.err == nil && !o.at.Duplicate && o.at.Position <= c.at.Position {
			t.Fatalf("an append that began after position %d was acknowledged is at position %d", c.at.Position, o.at.Position)
		}
	}
}

// imports checks that the import is there if it was acknowledged, and in any
// case in its order, from its first event on.
func (j *judgement) imports(t *rapid.T) {
	if j.round.imported != nil && !j.killed {
		t.Fatalf("import: %v", j.round.imported)
	}
	var last event.Position
	ended := false
	for i, e := range j.round.imports {
		at := j.places[e.ID]
		switch {
		case at == 0 && j.round.imported == nil:
			t.Fatalf("event %d of an import is not there after it was flushed", i)
		case at == 0:
			ended = true
		case ended || at < last:
			t.Fatalf("event %d of an import is at position %d; the one before it is at %d (0: not there)", i, at, j.places[j.round.imports[i-1].ID])
		}
		last = at
	}
}

// follower checks what the follower saw: the log from where it began, to the
// end if nothing was killed.
func (j *judgement) follower(t *rapid.T) {
	r := j.round
	if r.ended != nil && !j.killed {
		t.Fatalf("follow after %d: %v", r.after, r.ended)
	}
	want := j.log[r.after:]
	if j.killed {
		want = want[:min(len(r.followed), len(want))]
	}
	same(t, "what was followed after position", int(r.after), want, r.followed, nil)
}
