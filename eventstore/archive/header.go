package archive

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/refold-dev/refold/domain/event"
)

const formatVersion = 2

// Magic numbers: the first four bytes of a structure, read as ASCII.
const (
	segmentMagic = 'R' | 'F'<<8 | 'S'<<16 | '1'<<24
	blockMagic   = 'R' | 'F'<<8 | 'K'<<16 | '1'<<24
	sealMagic    = 'R' | 'F'<<8 | 'E'<<16 | '1'<<24
	indexMagic   = 'R' | 'F'<<8 | 'I'<<16 | '1'<<24
)

const (
	segmentHeaderSize = 96
	blockHeaderSize   = 80
)

// What all structures begin with, as offsets.
const (
	hMagic    = 0
	hChecksum = 4 // over all that follows it
	hVersion  = 8
)

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// sign completes a structure whose other fields are written.
func sign(b []byte, magic uint32) {
	le.PutUint32(b[hMagic:], magic)
	le.PutUint16(b[hVersion:], formatVersion)
	le.PutUint32(b[hChecksum:], checksum(b[hVersion:]))
}

// verify reports what is wrong with a structure as a whole. A sound structure
// of another version is a versionFlaw.
func verify(b []byte, magic uint32) error {
	switch {
	case le.Uint32(b[hMagic:]) != magic:
		return flaw("the magic number is wrong")
	case le.Uint32(b[hChecksum:]) != checksum(b[hVersion:]):
		return flaw("the checksum is wrong")
	case le.Uint16(b[hVersion:]) != formatVersion:
		return versionFlaw(le.Uint16(b[hVersion:]))
	}
	return nil
}

// chain is the hash over all content up to a place.
type chain [sha256.Size]byte

// next is the chain after a block.
func (c chain) next(content []byte) chain {
	h := sha256.New()
	h.Write(c[:])
	h.Write(content)
	var out chain
	h.Sum(out[:0])
	return out
}

// segmentHeader begins a segment.
type segmentHeader struct {
	first  event.Position
	before chain
	digest [32]byte
}

func (h segmentHeader) append(dst []byte) []byte {
	b := make([]byte, segmentHeaderSize)
	le.PutUint64(b[16:], uint64(h.first))
	copy(b[24:], h.before[:])
	copy(b[56:], h.digest[:])
	sign(b, segmentMagic)
	return append(dst, b...)
}

func parseSegmentHeader(b []byte) (segmentHeader, error) {
	if len(b) < segmentHeaderSize {
		return segmentHeader{}, flaw("the file is shorter than a segment's header")
	}
	b = b[:segmentHeaderSize]
	if err := verify(b, segmentMagic); err != nil {
		return segmentHeader{}, fmt.Errorf("segment header: %w", err)
	}
	h := segmentHeader{first: event.Position(le.Uint64(b[16:]))}
	copy(h.before[:], b[24:])
	copy(h.digest[:], b[56:])
	if h.first == 0 || h.first > maxPosition {
		return segmentHeader{}, flaw("the segment begins at an impossible position")
	}
	return h, nil
}

// maxPosition keeps sums of positions and counts from wrapping.
const maxPosition = 1 << 62

// blockHeader begins a block; a seal is a block header without content, which
// describes its segment.
type blockHeader struct {
	seal             bool
	length           uint32 // with the header
	first            event.Position
	count            uint32
	current          uint32 // length of the frame of current events; 0 in a seal
	minTime, maxTime int64  // Unix nanoseconds
	chain            chain  // after the block
}

// end is the position after the block's last event.
func (h *blockHeader) end() event.Position { return h.first + event.Position(h.count) }

// put writes the header into b, which holds the block, and signs it.
func (h *blockHeader) put(b []byte) {
	le.PutUint16(b[10:], 0)
	le.PutUint32(b[12:], uint32(len(b)))
	le.PutUint64(b[16:], uint64(h.first))
	le.PutUint32(b[24:], h.count)
	le.PutUint32(b[28:], h.current)
	le.PutUint64(b[32:], uint64(h.minTime))
	le.PutUint64(b[40:], uint64(h.maxTime))
	copy(b[48:], h.chain[:])
	magic := uint32(blockMagic)
	if h.seal {
		magic = sealMagic
	}
	sign(b, magic)
}

// parseBlockHeader reads a block's header before its checksum is known to
// hold, so that its length can be trusted only after verify.
func parseBlockHeader(b []byte) (blockHeader, error) {
	if len(b) < blockHeaderSize {
		return blockHeader{}, flaw("the file ends within a block's header")
	}
	h := blockHeader{
		seal:    le.Uint32(b) == sealMagic,
		length:  le.Uint32(b[12:]),
		first:   event.Position(le.Uint64(b[16:])),
		count:   le.Uint32(b[24:]),
		current: le.Uint32(b[28:]),
		minTime: int64(le.Uint64(b[32:])),
		maxTime: int64(le.Uint64(b[40:])),
	}
	copy(h.chain[:], b[48:])
	switch {
	case !h.seal && le.Uint32(b) != blockMagic:
		return h, flaw("neither a block nor a seal begins here")
	case h.seal != (h.length == blockHeaderSize) || h.length < blockHeaderSize || h.length > maxBlockSize:
		return h, flaw("the block has an impossible length")
	case h.count == 0 || h.first == 0 || h.first > maxPosition:
		return h, flaw("the block has an impossible range of positions")
	case h.seal != (h.current == 0) || h.current > h.length-blockHeaderSize:
		return h, flaw("the block's frame has an impossible length")
	}
	return h, nil
}
