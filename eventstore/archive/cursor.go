package archive

import (
	"errors"
	"io"
)

// readAhead is what a cursor reads at once, in bytes.
const readAhead = 1 << 20

// cursor reads a stretch of a segment from front to back, in large reads.
type cursor struct {
	r   io.ReaderAt
	at  int64 // of the first byte that was not taken
	end int64 // of the stretch
	buf []byte
	lo  int // of the first byte in buf that was not taken
}

func newCursor(r io.ReaderAt, at, end int64) *cursor { return &cursor{r: r, at: at, end: end} }

// peek returns the next n bytes, valid until the next peek, or as many as there
// are.
func (c *cursor) peek(n int) ([]byte, error) {
	n = int(min(int64(n), c.end-c.at))
	if have := len(c.buf) - c.lo; have < n {
		if err := c.fill(n); err != nil {
			return nil, err
		}
	}
	return c.buf[c.lo : c.lo+n : c.lo+n], nil
}

// fill reads on, so that n bytes are there.
func (c *cursor) fill(n int) error {
	size := int(min(int64(max(n, readAhead)), c.end-c.at))
	have := c.buf[c.lo:]
	buf := c.buf[:cap(c.buf)]
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	kept := copy(buf, have)
	read, err := c.r.ReadAt(buf[kept:size], c.at+int64(kept))
	if err != nil && !(errors.Is(err, io.EOF) && kept+read >= n) {
		c.buf, c.lo = nil, 0
		return err
	}
	c.buf, c.lo = buf[:kept+read], 0
	return nil
}

// skip takes n bytes.
func (c *cursor) skip(n int) {
	c.at += int64(n)
	c.lo = min(c.lo+n, len(c.buf))
}

// next returns the bytes of the next block or seal, valid until the next call,
// and takes them. Only their header's fields are checked.
func (c *cursor) next() (blockHeader, []byte, error) {
	b, err := c.peek(blockHeaderSize)
	if err != nil {
		return blockHeader{}, nil, err
	}
	h, err := parseBlockHeader(b)
	if err != nil {
		return h, nil, err
	}
	if b, err = c.peek(int(h.length)); err != nil {
		return h, nil, err
	}
	if len(b) < int(h.length) {
		return h, nil, flaw("the file ends within a block")
	}
	c.skip(len(b))
	return h, b, nil
}
