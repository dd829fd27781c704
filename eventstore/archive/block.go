package archive

import (
	"fmt"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/frame"
)

const maxBlockSize = blockHeaderSize + frame.MaxSize

// block is a block whose checksum and frame are checked.
type block struct {
	blockHeader
	frame []byte // the content
	batch frame.Batch
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
	content := b[blockHeaderSize:]
	batch, err := frame.OpenBatch(content)
	if err != nil {
		return block{}, fmt.Errorf("block at position %d: %w", h.first, err)
	}
	k := block{h, content, batch}
	return k, k.check()
}

// check compares the frame with the header.
func (k *block) check() error {
	b := k.batch
	if b.GroupCount() != 1 || b.Group(0).Keyed() || b.SlotsPerEvent() != 0 {
		return flaw("the frame is not one unkeyed group without slots")
	}
	if b.EventCount() != int(k.count) {
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
