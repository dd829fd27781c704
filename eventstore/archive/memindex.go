package archive

import (
	"sort"
	"sync"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// memIndex is an index in memory. The ordinals of an aggregate, and those of a
// correlation, are a list that is linked from each event to the one before.
type memIndex struct {
	mu          sync.RWMutex
	first       event.Position
	names       []string
	nameIDs     map[string]uint32
	events      []entry
	blockList   []blockEntry
	types       []uint32 // event types of the blocks
	aggregates  map[aggregateKey]postings
	correlates  map[uuid.UUID]postings
	ids         map[uuid.UUID]uint32
	beforeInAgg []uint32 // by ordinal; its own ordinal where the list ends
	beforeInCor []uint32
}

func newMemIndex(first event.Position) *memIndex {
	return &memIndex{
		first:      first,
		nameIDs:    map[string]uint32{},
		aggregates: map[aggregateKey]postings{},
		correlates: map[uuid.UUID]postings{},
		ids:        map[uuid.UUID]uint32{},
	}
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
	for rec := range k.records() {
		e := entry{
			at: at + blockHeaderSize + rec.at, length: uint32(len(rec.record)), checksum: checksum(rec.record),
			eventType: x.nameID(rec.view.Type()), aggregateType: x.nameID(rec.view.AggregateType()),
		}
		if err := x.addEvent(e, rec.record); err != nil {
			return err
		}
	}
	return nil
}

func (x *memIndex) addEvent(e entry, rec record) error {
	ordinal := uint32(len(x.events))
	x.events = append(x.events, e)
	key := newAggregateKey(rec.aggregateID(), e.aggregateType)
	agg, known := x.aggregates[key]
	if !known {
		agg = postings{list: ofAggregate, place: ordinal, first: rec.version()}
	}
	x.beforeInAgg = append(x.beforeInAgg, agg.place)
	agg.place, agg.count = ordinal, agg.count+1
	if rec.version() != agg.last() || rec.version() == 0 {
		return flaw("an aggregate's versions do not follow each other")
	}
	x.aggregates[key] = agg

	cor, known := x.correlates[rec.correlationID()]
	if !known {
		cor = postings{list: ofCorrelation, place: ordinal}
	}
	x.beforeInCor = append(x.beforeInCor, cor.place)
	cor.place, cor.count = ordinal, cor.count+1
	x.correlates[rec.correlationID()] = cor

	x.ids[rec.id()] = ordinal
	return nil
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
	within := make(map[event.Aggregate]event.Version, min(len(events), 64))
	for i := range events {
		e := &events[i]
		last, known := within[e.Aggregate]
		if !known {
			if p, ok := x.standing(e.Aggregate); ok {
				last, known = p.last(), true
			}
		}
		if known && e.Version != last+1 || e.Version == 0 {
			return last + 1, e
		}
		within[e.Aggregate] = e.Version
	}
	return 0, nil
}

func (x *memIndex) standing(agg event.Aggregate) (postings, bool) {
	id, ok := x.nameIDs[agg.Type]
	if !ok {
		return postings{}, false
	}
	p, ok := x.aggregates[newAggregateKey(agg.ID, id)]
	return p, ok
}

func (x *memIndex) aggregate(agg event.Aggregate) (postings, bool, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	p, ok := x.standing(agg)
	return p, ok, nil
}

func (x *memIndex) correlation(id uuid.UUID) (postings, bool, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	p, ok := x.correlates[id]
	return p, ok, nil
}

func (x *memIndex) find(id uuid.UUID) (uint32, bool, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	ordinal, ok := x.ids[id]
	return ordinal, ok, nil
}

func (x *memIndex) ordinals(p postings, skip uint32) ([]uint32, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if skip >= p.count {
		return nil, nil
	}
	return x.collect(p, skip), nil
}

// collect follows the links of a list back to its skip-th ordinal.
func (x *memIndex) collect(p postings, skip uint32) []uint32 {
	before := x.beforeInAgg
	if p.list == ofCorrelation {
		before = x.beforeInCor
	}
	out := make([]uint32, p.count-skip)
	at := p.place
	for i := range out {
		out[len(out)-1-i] = at
		at = before[at]
	}
	return out
}

func (x *memIndex) entries(ordinals []uint32) ([]entry, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := make([]entry, len(ordinals))
	for i, o := range ordinals {
		out[i] = x.events[o]
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
