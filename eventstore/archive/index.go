package archive

import (
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// index leads to the events of one segment. An ordinal is a position less the
// segment's first. Its errors are *DamageError.
type index interface {
	// aggregate says where an aggregate stands in the segment; ok is false if
	// it has no event there.
	aggregate(agg event.Aggregate) (p postings, ok bool, err error)
	// correlation is where a correlation stands in the segment.
	correlation(id uuid.UUID) (p postings, ok bool, err error)
	// find returns the ordinal of an event.
	find(id uuid.UUID) (ordinal uint32, ok bool, err error)
	// list returns postings, without the first skip.
	list(p postings, skip uint32) ([]listed, error)
	// blocks calls visit for the blocks from the one that holds an ordinal on,
	// until visit returns false.
	blocks(from uint32, visit func(blockEntry) bool) error
	// blockTypes returns the event types that occur in a block.
	blockTypes(b blockEntry) ([]string, error)
	// name returns a type's name.
	name(id uint32) string
	// typeNames are the names of all types, of events and of aggregates.
	typeNames() []string
}

// entry says where an event's record is in its segment.
type entry struct {
	at, length    uint32
	checksum      uint32
	eventType     uint32
	aggregateType uint32
}

// listed is an event of a list of postings.
type listed struct {
	ordinal uint32
	entry
}

// blockEntry says where a block is in its segment, and what it has.
type blockEntry struct {
	at, length   uint32
	first, count uint32 // ordinals
	span         timeSpan
	types        uint32 // place of its first event type
	typeCount    uint32
}

func (b *blockEntry) end() uint32 { return b.first + b.count }

// postings is a list of ordinals, ascending, of one aggregate or correlation.
type postings struct {
	list  postingsList
	place uint32 // of the first ordinal; in a memIndex, the last ordinal
	count uint32
	first event.Version // of an aggregate: the first event's
}

// last is the version of an aggregate's last event in the segment.
func (p *postings) last() event.Version { return p.first + event.Version(p.count) - 1 }

// postingsList says which lists postings are part of.
type postingsList uint8

const (
	ofAggregate postingsList = iota
	ofCorrelation
)

// aggregateKey is an aggregate within a segment: its id, and its type's index
// among the segment's names. Keys compare as bytes.
type aggregateKey [20]byte

func newAggregateKey(id uuid.UUID, aggregateType uint32) (k aggregateKey) {
	copy(k[:], id[:])
	binary.BigEndian.PutUint32(k[16:], aggregateType)
	return k
}
