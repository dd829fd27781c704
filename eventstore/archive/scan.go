package archive

import (
	"fmt"
	"io"

	"github.com/refold-dev/refold/domain/event"
)

// scan is what reading a segment from its start has found.
type scan struct {
	header segmentHeader
	index  *memIndex
	end    int64          // of what is sound
	next   event.Position // where the segment goes on
	chain  chain
	span   timeSpan
	sealed bool
	// flaw is what is wrong at end; nil where the file ends.
	flaw error
}

// scanSegment reads a segment of the given size up to its end or to the first
// thing that does not hold.
func scanSegment(r io.ReaderAt, size int64) *scan {
	s := &scan{span: newTimeSpan()}
	c := newCursor(r, 0, size)
	b, err := c.peek(segmentHeaderSize)
	if err == nil {
		s.header, err = parseSegmentHeader(b)
	}
	if err != nil {
		s.flaw = err
		return s
	}
	c.skip(segmentHeaderSize)
	s.end, s.next, s.chain = segmentHeaderSize, s.header.first, s.header.before
	s.index = newMemIndex(s.header.first)
	for s.end < size && s.flaw == nil && !s.sealed {
		s.step(c)
	}
	if s.sealed && s.end < size && s.flaw == nil {
		s.flaw = flaw("there are bytes behind the seal")
	}
	return s
}

// step takes in the next block or the seal.
func (s *scan) step(c *cursor) {
	h, b, err := c.next()
	switch {
	case err != nil:
	case h.seal:
		err = s.checkSeal(&h, b)
	default:
		err = s.addBlock(b)
	}
	if err != nil {
		s.flaw = err
		return
	}
	s.end, s.sealed = c.at, h.seal
}

func (s *scan) addBlock(b []byte) error {
	k, err := openBlock(b)
	if err != nil {
		return err
	}
	switch {
	case k.first != s.next:
		return fmt.Errorf("position %d follows position %d", k.first, s.next-1)
	case k.chain != s.chain.next(k.content):
		return flaw("the chain of hashes does not hold")
	case k.times() != timeSpan{k.minTime, k.maxTime}:
		return flaw("the block's times are not those of its events")
	case s.end+int64(len(b)) > 1<<32-1:
		return flaw("the segment is larger than 4 GiB")
	}
	if err := s.index.add(uint32(s.end), &k); err != nil {
		return err
	}
	s.next, s.chain = k.end(), k.chain
	s.span.include(timeSpan{k.minTime, k.maxTime})
	return nil
}

func (s *scan) checkSeal(h *blockHeader, b []byte) error {
	if err := verify(b, sealMagic); err != nil {
		return err
	}
	if *h != sealOf(s.header.first, s.next, s.span, s.chain) {
		return flaw("the seal is not that of the segment's blocks")
	}
	return nil
}

// sealOf returns the seal of a segment.
func sealOf(first, next event.Position, span timeSpan, end chain) blockHeader {
	return blockHeader{
		seal: true, length: blockHeaderSize, first: first, count: uint32(next - first),
		minTime: span.min, maxTime: span.max, chain: end,
	}
}
