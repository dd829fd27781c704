package archive

import (
	"math"
	"slices"
	"sort"
	"sync"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// memIndex is an index in memory. The ordinals of an aggregate, and those of a
// correlation, are a list that is linked from each event to the one before. What
// only few reads need, and a replay never, is built when it is asked for.
type memIndex struct {
	mu         sync.RWMutex
	first      event.Position
	names      []string
	nameIDs    map[string]uint32
	events     []entry
	blockList  []blockEntry
	types      []uint32 // event types of the blocks
	aggregates hashed
	standings  []standing // by an aggregate's number
	before     []uint32   // in its aggregate, by ordinal; its own ordinal where the list ends

	correlationIDs []uuid.UUID // by ordinal
	eventIDs       []uuid.UUID
	correlates     correlates
	places         places

	check   uint32                            // counts calls of checkVersions
	fresh   map[event.Aggregate]event.Version // of a call of checkVersions
	checked []uint32                          // the numbers that it found, by place behind the last ordinal of then
	behind  uint32                            // that ordinal + 1
}

// standing is where an aggregate stands. What checkVersions found out is the
// writer's alone.
type standing struct {
	postings
	checked event.Version
	check   uint32
}

func newMemIndex(first event.Position) *memIndex {
	return &memIndex{first: first, nameIDs: map[string]uint32{}, fresh: map[event.Aggregate]event.Version{}}
}

// reserve makes room for about as much as another index holds.
func (x *memIndex) reserve(like memSize) {
	if like.events == 0 {
		return
	}
	x.grow(like.events + like.events/16)
	x.aggregates.reserve(like.aggregates)
	x.standings = make([]standing, 0, like.aggregates)
}

// grow makes room for n more events.
func (x *memIndex) grow(n int) {
	x.events = slices.Grow(x.events, n)
	x.before = slices.Grow(x.before, n)
	x.correlationIDs = slices.Grow(x.correlationIDs, n)
	x.eventIDs = slices.Grow(x.eventIDs, n)
}

// memSize is how much an index holds.
type memSize struct{ events, aggregates int }

func (x *memIndex) size() memSize {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return memSize{len(x.events), len(x.standings)}
}

// add indexes a block that stands at an offset of the segment. It says if an
// aggregate's version does not follow the one before it in the segment; the
// index is of no use then.
func (x *memIndex) add(at uint32, k *block) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	types := uint32(len(x.types))
	for i := range k.batch.TypeCount() {
		x.types = append(x.types, x.nameID(k.batch.TypeName(i)))
	}
	x.blockList = append(x.blockList, blockEntry{
		at: at, length: k.length, first: uint32(len(x.events)), count: k.count,
		span: timeSpan{k.minTime, k.maxTime}, types: types, typeCount: uint32(k.batch.TypeCount()),
	})
	var eventType, aggregateType lastName
	for rec := range k.records() {
		e := entry{
			at: at + blockHeaderSize + rec.at, length: uint32(len(rec.record)), checksum: checksum(rec.record),
			eventType: eventType.id(x, rec.view.Type()), aggregateType: aggregateType.id(x, rec.view.AggregateType()),
		}
		if err := x.addEvent(e, rec.record); err != nil {
			return err
		}
	}
	return nil
}

// lastName remembers a name's id, since the next event's is often the same.
type lastName struct {
	name string
	of   uint32
}

func (l *lastName) id(x *memIndex, name []byte) uint32 {
	if l.name == "" || l.name != string(name) {
		l.of = x.nameID(name)
		l.name = x.names[l.of]
	}
	return l.of
}

func (x *memIndex) addEvent(e entry, rec record) error {
	ordinal := uint32(len(x.events))
	if len(x.events) == cap(x.events) { // to double is half the garbage of what append does
		x.grow(max(len(x.events), 64))
	}
	x.events = append(x.events, e)
	x.correlationIDs = append(x.correlationIDs, rec.correlationID())
	x.eventIDs = append(x.eventIDs, rec.id())
	key := newAggregateKey(rec.aggregateID(), e.aggregateType)
	n, known := x.foundNumber(ordinal, &key)
	if !known {
		n, known = x.aggregates.add(&key)
	}
	if !known {
		x.standings = append(x.standings, standing{postings: postings{list: ofAggregate, place: ordinal, first: rec.version()}})
	}
	agg := &x.standings[n]
	x.before = append(x.before, agg.place)
	agg.place, agg.count = ordinal, agg.count+1
	if rec.version() != agg.last() || rec.version() == 0 {
		return flaw("an aggregate's versions do not follow each other")
	}
	return nil
}

// foundNumber returns the number that checkVersions found for the event of an
// ordinal, if it is that of the key.
func (x *memIndex) foundNumber(ordinal uint32, key *aggregateKey) (uint32, bool) {
	i := int(ordinal - x.behind)
	if i >= len(x.checked) {
		return 0, false
	}
	n := x.checked[i]
	return n, int(n) < len(x.aggregates.keys) && x.aggregates.keys[n] == *key
}

func (x *memIndex) nameID(name []byte) uint32 {
	if id, ok := x.nameIDs[string(name)]; ok {
		return id
	}
	id := uint32(len(x.names))
	x.names = append(x.names, string(name))
	x.nameIDs[string(name)] = id
	return id
}

// checkVersions reports the first event whose version does not follow what the
// segment has of its aggregate.
func (x *memIndex) checkVersions(events []event.Recorded) (expected event.Version, wrong *event.Recorded) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	x.check++
	clear(x.fresh)
	x.checked, x.behind = x.checked[:0], uint32(len(x.events))
	for i := range events {
		e := &events[i]
		n, known := x.number(e.Aggregate)
		x.checked = append(x.checked, n)
		var last event.Version
		if known {
			last = x.standings[n].known(x.check)
		} else {
			last, known = x.fresh[e.Aggregate]
		}
		if known && e.Version != last+1 || e.Version == 0 {
			return last + 1, e
		}
		if int(n) < len(x.standings) {
			x.standings[n].checked = e.Version
		} else {
			x.fresh[e.Aggregate] = e.Version
		}
	}
	return 0, nil
}

// known returns the version up to which the aggregate is known in a call of
// checkVersions.
func (s *standing) known(check uint32) event.Version {
	if s.check != check {
		s.check, s.checked = check, s.last()
	}
	return s.checked
}

// number returns an aggregate's number; one that nothing has if it has none.
func (x *memIndex) number(agg event.Aggregate) (uint32, bool) {
	if id, ok := x.nameIDs[agg.Type]; ok {
		key := newAggregateKey(agg.ID, id)
		if n, ok := x.aggregates.find(&key); ok {
			return n, true
		}
	}
	return math.MaxUint32, false
}

func (x *memIndex) aggregate(agg event.Aggregate) (postings, bool, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	n, ok := x.number(agg)
	if !ok {
		return postings{}, false, nil
	}
	return x.standings[n].postings, true, nil
}

func (x *memIndex) correlation(id uuid.UUID) (postings, bool, error) {
	x.mu.Lock() // what was added since is taken in first
	defer x.mu.Unlock()
	p, ok := x.correlates.find(x.correlationIDs, id)
	return p, ok, nil
}

func (x *memIndex) find(id uuid.UUID) (uint32, bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	ordinal, ok := x.places.find(x.eventIDs, id)
	return ordinal, ok, nil
}

func (x *memIndex) list(p postings, skip uint32) ([]listed, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if skip >= p.count {
		return nil, nil
	}
	before := x.before
	if p.list == ofCorrelation {
		before = x.correlates.before
	}
	out := make([]listed, p.count-skip)
	at := p.place
	for i := len(out) - 1; i >= 0; i-- { // the links lead back
		out[i] = listed{at, x.events[at]}
		at = before[at]
	}
	return out, nil
}

func (x *memIndex) blocks(from uint32, visit func(blockEntry) bool) error {
	x.mu.RLock()
	list := x.blockList // only ever appended to
	x.mu.RUnlock()
	i := sort.Search(len(list), func(i int) bool { return list[i].end() > from })
	for _, b := range list[i:] {
		if !visit(b) {
			return nil
		}
	}
	return nil
}

func (x *memIndex) blockTypes(b blockEntry) ([]string, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := make([]string, b.typeCount)
	for i, id := range x.types[b.types : b.types+b.typeCount] {
		out[i] = x.names[id]
	}
	return out, nil
}

func (x *memIndex) name(id uint32) string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.names[id]
}

// end is where the last block ends in the segment.
func (x *memIndex) end() int64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if len(x.blockList) == 0 {
		return segmentHeaderSize
	}
	last := &x.blockList[len(x.blockList)-1]
	return int64(last.at) + int64(last.length)
}

func (x *memIndex) typeNames() []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return slices.Clone(x.names)
}
