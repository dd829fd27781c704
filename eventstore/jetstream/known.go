package jetstream

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// known is what a bulk remembers of an event: enough to tell at once that
// another one of its id is the same, and to look it up where it seems not to be.
type known struct {
	position event.Position // 0 if the bulk itself has added the event
	sum      uint64         // see sum
}

var seed = maphash.MakeSeed()

// sum is a digest of all of an event but its id. Events that differ in white
// space only have different ones, so both should be as they are stored.
func sum(e *event.Event) uint64 {
	b := make([]byte, 0, 192)
	b = append(b, e.Aggregate.ID[:]...)
	b = append(b, e.CorrelationID[:]...)
	if e.CausationID.Valid {
		b = append(b, e.CausationID.UUID[:]...)
	}
	b = binary.LittleEndian.AppendUint32(b, max(e.SchemaVersion, 1))
	b = binary.LittleEndian.AppendUint64(b, uint64(e.Time.UnixNano()))
	b = binary.LittleEndian.AppendUint64(b, maphash.Bytes(seed, e.Data))
	b = binary.LittleEndian.AppendUint64(b, maphash.Bytes(seed, e.Metadata))
	b = append(append(append(b, e.Aggregate.Type...), 0), e.Type...)
	return maphash.Bytes(seed, b)
}

// compare is a *eventstore.DuplicateIDError if the event that has e's id is
// another one.
func (b *bulk) compare(ctx context.Context, k known, e *event.Event) error {
	if k.sum == sum(e) {
		return nil
	}
	for i := range b.pending {
		if b.pending[i].ID == e.ID {
			return takenByOther(&b.pending[i], 0, e)
		}
	}
	r, err := b.read(ctx, k, e)
	if err != nil {
		return b.store.explain("looking at the event that has the id", err)
	}
	return takenByOther(&r.Event, r.Position, e)
}

// read reads the event that has e's id in the log. Where it is is not known of
// one that the bulk has sent itself: once what is under way is stored, it is
// looked for.
func (b *bulk) read(ctx context.Context, k known, e *event.Event) (found event.Recorded, err error) {
	if k.position > 0 {
		return b.store.at(ctx, uint64(k.position))
	}
	if err := b.send(ctx, true); err != nil {
		return found, err
	}
	err = b.store.until(ctx, b.store.subjects.all(), b.began, b.through, func(r event.Recorded) error {
		if r.ID == e.ID {
			found = r
			found.Data, found.Metadata = slices.Clone(r.Data), slices.Clone(r.Metadata)
		}
		return nil
	})
	if err == nil && found.Position == 0 {
		err = fmt.Errorf("event %s, which has been imported, is not in the log", e.ID)
	}
	return found, err
}

// compareOwn compares what the log has at r, now that it is read, with the event
// of that id which the bulk has added, and knew as was; if it has added one.
func (b *bulk) compareOwn(was known, r *event.Recorded) error {
	if was.position > 0 || was.sum == sum(&r.Event) {
		return nil
	}
	for i := range b.pending {
		if b.pending[i].ID == r.ID {
			return takenByOther(&r.Event, r.Position, &b.pending[i])
		}
	}
	return &eventstore.DuplicateIDError{ID: r.ID, Position: r.Position} // of one that seemed to be stored
}

// takenByOther is a *eventstore.DuplicateIDError if e is not the event of its id that
// is stored at a position.
func takenByOther(stored *event.Event, at event.Position, e *event.Event) error {
	if field := event.Differs(stored, e); field != "" {
		return &eventstore.DuplicateIDError{ID: e.ID, Position: at, Differs: field}
	}
	return nil
}
