package snapshot

import (
	"bytes"
	"slices"
)

// Image is a snapshot that has been read and checked.
type Image struct {
	// Pages is the size of the memory.
	Pages   uint32
	Globals []uint64
	// Tables are the sizes of the tables, Slots those that differ from the base.
	Tables        []uint32
	Slots         []Slot
	Dropped       []uint64
	Random, Slept uint64

	base    *Base
	numbers []uint32
	blocks  []byte
}

// Slot is a slot of a table and the number of the function in it; 0 is null.
type Slot struct{ Table, At, Number uint32 }

// Shape is what an instance has or may have.
type Shape struct {
	// Globals is the number of its mutable globals, Functions that of the
	// functions that a slot can hold.
	Globals, Functions int
	// MaxPages bounds its memory, MaxTables its tables.
	MaxPages  uint32
	MaxTables []uint32
}

// sizes are the lengths of a snapshot's parts.
type sizes struct{ globals, dropped, tables, slots, blocks, packed uint32 }

func (s *sizes) total() uint64 {
	return hSize + 8*(uint64(s.globals)+uint64(s.dropped)) + 12*uint64(s.slots) + 4*(uint64(s.tables)+uint64(s.blocks)) + uint64(s.packed) + trailerSize
}

// Decode reads a snapshot of an instance that began as base. The error is an
// *Error.
func (c *Codec) Decode(b []byte, base *Base, shape Shape) (*Image, error) {
	if err := envelope(b); err != nil {
		return nil, err
	}
	if err := origin(b, base); err != nil {
		return nil, err
	}
	m := &Image{
		Pages: le.Uint32(b[hPages:]), Random: le.Uint64(b[hRandom:]), Slept: le.Uint64(b[hSlept:]), base: base,
	}
	n := sizes{globals: le.Uint32(b[hGlobals:]), dropped: le.Uint32(b[hDropped:]), tables: le.Uint32(b[hTables:]), slots: le.Uint32(b[hSlots:]),
		blocks: le.Uint32(b[hBlocks:]), packed: le.Uint32(b[hPacked:])}
	if err := m.check(&n, &shape, len(b)); err != nil {
		return nil, err
	}
	rest := readWords(b[hSize:], &m.Globals, n.globals)
	rest = readWords(rest, &m.Dropped, n.dropped)
	rest, err := m.readTables(rest, shape.MaxTables)
	if err != nil {
		return nil, err
	}
	if rest, err = m.readSlots(rest, n.slots, shape.Functions); err != nil {
		return nil, err
	}
	if rest, err = m.readNumbers(rest, n.blocks); err != nil {
		return nil, err
	}
	if err := m.checkDropped(); err != nil {
		return nil, err
	}
	return m, c.unpackBlocks(m, rest[:n.packed])
}

// check checks the sizes against the base and the shape, before memory is
// reserved by them.
func (m *Image) check(n *sizes, shape *Shape, length int) error {
	switch {
	case uint64(m.Pages)*PageSize < uint64(len(m.base.memory)):
		return corrupt("%d pages are fewer than a fresh instance has", m.Pages)
	case m.Pages > shape.MaxPages:
		return mismatch("has %d pages of memory; the limit is %d", m.Pages, shape.MaxPages)
	case int64(n.globals) != int64(shape.Globals):
		return corrupt("it has %d globals, the module has %d", n.globals, shape.Globals)
	case int64(n.dropped) != int64(len(m.base.dropped)):
		return corrupt("it has %d words of dropped segments, the module has %d", n.dropped, len(m.base.dropped))
	case int64(n.tables) != int64(len(m.base.tables)):
		return corrupt("it has %d tables, the module has %d", n.tables, len(m.base.tables))
	case n.blocks > m.Pages*(PageSize/blockSize):
		return corrupt("it has more blocks than its memory")
	case uint64(length) != n.total():
		return corrupt("its length is not the sum of its parts")
	}
	return nil
}

// checkDropped: a segment that a fresh instance has dropped does not come back.
func (m *Image) checkDropped() error {
	for i, word := range m.base.dropped {
		if m.Dropped[i]&word != word {
			return corrupt("a segment is there that a fresh instance has dropped")
		}
	}
	return nil
}

// HasReferences reports whether a table or the dropped segments differ from
// the base.
func (m *Image) HasReferences() bool {
	for i, table := range m.base.tables {
		if int(m.Tables[i]) != len(table) {
			return true
		}
	}
	return len(m.Slots) > 0 || !slices.Equal(m.Dropped, m.base.dropped)
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
	if got := le.Uint32(b[hScheme:]); got != base.scheme {
		return mismatch("was taken under version %d of the meter; this Refold has %d", got, base.scheme)
	}
	if le.Uint32(b[hBase:]) != base.sum {
		return mismatch("was taken of an instance that began in another state, as under another memory limit")
	}
	return nil
}

func readWords(b []byte, to *[]uint64, count uint32) (rest []byte) {
	*to = make([]uint64, count)
	for i := range *to {
		(*to)[i] = le.Uint64(b[8*i:])
	}
	return b[8*count:]
}

// readTables reads the sizes of the tables.
func (m *Image) readTables(b []byte, limits []uint32) (rest []byte, err error) {
	m.Tables = make([]uint32, len(m.base.tables))
	for i := range m.Tables {
		size := le.Uint32(b[4*i:])
		switch {
		case uint64(size) < uint64(len(m.base.tables[i])):
			return nil, corrupt("a table of %d slots is smaller than that of a fresh instance", size)
		case size > limits[i]:
			return nil, mismatch("has a table of %d slots; the limit is %d", size, limits[i])
		}
		m.Tables[i] = size
	}
	return b[4*len(m.Tables):], nil
}

func (m *Image) readSlots(b []byte, count uint32, functions int) (rest []byte, err error) {
	m.Slots = make([]Slot, count)
	for i := range m.Slots {
		s := Slot{le.Uint32(b[12*i:]), le.Uint32(b[12*i+4:]), le.Uint32(b[12*i+8:])}
		switch {
		case i > 0 && !m.Slots[i-1].before(s), int64(s.Table) >= int64(len(m.Tables)), s.At >= m.Tables[s.Table]:
			return nil, corrupt("slot %d of table %d is out of order or outside the table", s.At, s.Table)
		case int64(s.Number) > int64(functions):
			return nil, corrupt("slot %d holds function %d, which no slot can hold", s.At, s.Number)
		}
		m.Slots[i] = s
	}
	return b[12*count:], nil
}

func (s Slot) before(other Slot) bool {
	return s.Table < other.Table || s.Table == other.Table && s.At < other.At
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
