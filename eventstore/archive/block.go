package archive

import (
	"fmt"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/frame"
)

// maxBlockSize is that of one event in both of its forms.
const maxBlockSize = blockHeaderSize + 2*frame.MaxSize

// block is a block whose checksum and frame are checked.
type block struct {
	blockHeader
	content   []byte // all behind the header
	frame     []byte // of the current events
	batch     frame.Batch
	originals []placed // of the events that the catalog changed, as they were stored
}

// openBlock checks the bytes of one block and returns its reader, which aliases
// b. The block is not a seal.
func openBlock(b []byte) (block, error) {
	h, err := parseBlockHeader(b)
	if err != nil {
		return block{}, err
	}
	if h.seal || int(h.length) != len(b) {
		return block{}, flaw("the block has another length than its index says")
	}
	if err := verify(b, blockMagic); err != nil {
		return block{}, err
	}
	k := block{blockHeader: h, content: b[blockHeaderSize:]}
	k.frame = k.content[:h.current]
	if k.batch, err = openFrame(k.frame); err == nil {
		err = k.check()
	}
	if err == nil {
		err = k.openOriginals(k.content[h.current:])
	}
	if err != nil {
		return k, fmt.Errorf("block at position %d: %w", h.first, err)
	}
	return k, nil
}

// openFrame opens a frame of one unkeyed group without slots.
func openFrame(b []byte) (frame.Batch, error) {
	batch, err := frame.OpenBatch(b)
	if err == nil && (batch.GroupCount() != 1 || batch.Group(0).Keyed() || batch.SlotsPerEvent() != 0) {
		err = flaw("the frame is not one unkeyed group without slots")
	}
	return batch, err
}

// check compares the frame of current events with the header.
func (k *block) check() error {
	if k.batch.EventCount() != int(k.count) {
		return flaw("the frame has another number of events than the block")
	}
	next := k.first
	for rec := range k.records() {
		if rec.position() != next {
			return flaw("the frame's positions do not follow each other")
		}
		next++
	}
	return nil
}

// openOriginals opens the frame of what was stored otherwise, if there is one.
// Its events are some of the block's, in order.
func (k *block) openOriginals(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	batch, err := openFrame(b)
	if err != nil {
		return err
	}
	least := k.first
	for rec := range records(b, batch) {
		if rec.position() < least || rec.position() >= k.end() {
			return flaw("the originals' positions are not the block's")
		}
		least = rec.position() + 1
		k.originals = append(k.originals, rec)
	}
	return nil
}

// times is the span of the block's event times.
func (k *block) times() timeSpan {
	span := newTimeSpan()
	for rec := range k.records() {
		span.add(rec.time())
	}
	return span
}

// events appends the events that want selects. They alias the block.
func (k *block) events(dst []event.Recorded, names interner, want func(record) bool) []event.Recorded {
	for rec := range k.records() {
		if want(rec.record) {
			dst = append(dst, rec.event(names.name(rec.view.Type()), names.name(rec.view.AggregateType())))
		}
	}
	return dst
}

// stored is events for the form in which the log has them.
func (k *block) stored(dst []event.Recorded, names interner, want func(record) bool) []event.Recorded {
	originals := k.originals
	for rec := range k.records() {
		if len(originals) > 0 && originals[0].position() == rec.position() {
			rec, originals = originals[0], originals[1:]
		}
		if want(rec.record) {
			dst = append(dst, rec.event(names.name(rec.view.Type()), names.name(rec.view.AggregateType())))
		}
	}
	return dst
}
