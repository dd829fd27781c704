package snapshot

import "bytes"

// Image is a snapshot that has been read and checked.
type Image struct {
	// Pages is the size of the memory.
	Pages         uint32
	Globals       []uint64
	Random, Slept uint64

	base    *Base
	numbers []uint32
	blocks  []byte
}

// Decode reads a snapshot of an instance that began as base, has so many
// mutable globals and may have at most maxPages of memory. The error is an
// *Error.
func (c *Codec) Decode(b []byte, base *Base, globals int, maxPages uint32) (*Image, error) {
	if err := envelope(b); err != nil {
		return nil, err
	}
	if err := origin(b, base); err != nil {
		return nil, err
	}
	m := &Image{
		Pages: le.Uint32(b[hPages:]), Random: le.Uint64(b[hRandom:]), Slept: le.Uint64(b[hSlept:]), base: base,
	}
	count, blocks, packed := le.Uint32(b[hGlobals:]), le.Uint32(b[hBlocks:]), le.Uint32(b[hPacked:])
	switch {
	case uint64(m.Pages)*PageSize < uint64(len(base.memory)):
		return nil, corrupt("%d pages are fewer than a fresh instance has", m.Pages)
	case m.Pages > maxPages:
		return nil, mismatch("has %d pages of memory; the limit is %d", m.Pages, maxPages)
	case int64(count) != int64(globals):
		return nil, corrupt("it has %d globals, the module has %d", count, globals)
	case blocks > m.Pages*(PageSize/blockSize):
		return nil, corrupt("it has more blocks than its memory")
	case uint64(len(b)) != hSize+8*uint64(count)+4*uint64(blocks)+uint64(packed)+trailerSize:
		return nil, corrupt("its length is not the sum of its parts")
	}
	rest := m.readGlobals(b[hSize:], count)
	rest, err := m.readNumbers(rest, blocks)
	if err != nil {
		return nil, err
	}
	return m, c.unpackBlocks(m, rest[:packed])
}

// envelope checks what makes the bytes a snapshot at all.
func envelope(b []byte) error {
	if len(b) < hSize+trailerSize || !bytes.HasPrefix(b, []byte(magic)) {
		return corrupt("it does not start as a snapshot does")
	}
	if v := le.Uint32(b[hVersion:]); v != version {
		return mismatch("has version %d; this Refold reads %d", v, version)
	}
	end := len(b) - trailerSize
	if checksum(b[:end]) != le.Uint32(b[end:]) {
		return corrupt("its checksum is wrong")
	}
	return nil
}

// origin checks whose snapshot it is.
func origin(b []byte, base *Base) error {
	if got := b[hDigest : hDigest+len(base.module)]; !bytes.Equal(got, base.module[:]) {
		return mismatch("belongs to module sha256:%x, not to sha256:%x", got, base.module)
	}
	if le.Uint32(b[hBase:]) != base.sum {
		return mismatch("was taken of an instance that began in another state, as under another memory limit")
	}
	return nil
}

func (m *Image) readGlobals(b []byte, count uint32) (rest []byte) {
	m.Globals = make([]uint64, count)
	for i := range m.Globals {
		m.Globals[i] = le.Uint64(b[8*i:])
	}
	return b[8*count:]
}

func (m *Image) readNumbers(b []byte, count uint32) (rest []byte, err error) {
	m.numbers = make([]uint32, count)
	for i := range m.numbers {
		n := le.Uint32(b[4*i:])
		if i > 0 && n <= m.numbers[i-1] || n >= m.Pages*(PageSize/blockSize) {
			return nil, corrupt("block %d is out of order or outside the memory", n)
		}
		m.numbers[i] = n
	}
	return b[4*count:], nil
}

// unpackBlocks reserves what the blocks need, and not a byte more.
func (c *Codec) unpackBlocks(m *Image, packed []byte) error {
	want := len(m.numbers) * blockSize
	blocks, err := c.unpack.DecodeAll(packed, make([]byte, 0, want))
	if err != nil {
		return corrupt("its blocks: %v", err)
	}
	if len(blocks) != want {
		return corrupt("its blocks have %d bytes, not %d", len(blocks), want)
	}
	m.blocks = blocks
	return nil
}

// Apply makes memory, which must have m.Pages pages, what it was at Encode.
func (m *Image) Apply(memory []byte) {
	n := copy(memory, m.base.memory)
	clear(memory[n:])
	for i, number := range m.numbers {
		copy(memory[int(number)*blockSize:], m.blocks[i*blockSize:(i+1)*blockSize])
	}
}
