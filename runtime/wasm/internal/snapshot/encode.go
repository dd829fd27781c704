package snapshot

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Codec writes and reads snapshots. It is safe for concurrent use.
type Codec struct {
	pack   *zstd.Encoder
	unpack *zstd.Decoder
}

// NewCodec returns a codec, to be closed after use.
func NewCodec() (*Codec, error) {
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("opening the snapshot compressor: %w", err)
	}
	unpack, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, fmt.Errorf("opening the snapshot decompressor: %w", err)
	}
	return &Codec{pack, unpack}, nil
}

// Close frees the codec's memory.
func (c *Codec) Close() error {
	c.unpack.Close()
	return c.pack.Close()
}

// Encode returns a snapshot of s, an instance that began as base.
func (c *Codec) Encode(base *Base, s *State) []byte {
	numbers, raw := changed(base, s.Memory)
	slots := changedSlots(base, s.Tables)
	b := make([]byte, hSize, hSize+8*(len(s.Globals)+len(s.Dropped))+4*len(s.Tables)+12*len(slots)+4*len(numbers)+len(raw)/2+trailerSize)
	copy(b[hMagic:], magic)
	le.PutUint32(b[hVersion:], version)
	copy(b[hDigest:], base.module[:])
	le.PutUint32(b[hBase:], base.sum)
	le.PutUint32(b[hPages:], uint32(len(s.Memory)/PageSize))
	le.PutUint32(b[hGlobals:], uint32(len(s.Globals)))
	le.PutUint32(b[hBlocks:], uint32(len(numbers)))
	le.PutUint64(b[hRandom:], s.Random)
	le.PutUint64(b[hSlept:], s.Slept)
	le.PutUint32(b[hScheme:], base.scheme)
	le.PutUint32(b[hTables:], uint32(len(s.Tables)))
	le.PutUint32(b[hSlots:], uint32(len(slots)))
	le.PutUint32(b[hDropped:], uint32(len(s.Dropped)))
	for _, v := range s.Globals {
		b = le.AppendUint64(b, v)
	}
	for _, word := range s.Dropped {
		b = le.AppendUint64(b, word)
	}
	for _, table := range s.Tables {
		b = le.AppendUint32(b, uint32(len(table)))
	}
	for _, slot := range slots {
		b = le.AppendUint32(le.AppendUint32(le.AppendUint32(b, slot.Table), slot.At), slot.Number)
	}
	for _, n := range numbers {
		b = le.AppendUint32(b, n)
	}
	before := len(b)
	b = c.pack.EncodeAll(raw, b)
	le.PutUint32(b[hPacked:], uint32(len(b)-before))
	return le.AppendUint32(b, checksum(b))
}

// changed returns the numbers of the blocks that differ from the base, and
// their bytes.
func changed(base *Base, memory []byte) (numbers []uint32, raw []byte) {
	zero := make([]byte, blockSize)
	for at := 0; at < len(memory); at += blockSize {
		block := memory[at : at+blockSize]
		if !bytes.Equal(block, base.block(at, zero)) {
			numbers = append(numbers, uint32(at/blockSize))
			raw = append(raw, block...)
		}
	}
	return numbers, raw
}

// changedSlots returns the slots that differ from the base.
func changedSlots(base *Base, tables [][]uint32) (slots []Slot) {
	for n, table := range tables {
		for at, number := range table {
			if number != base.slot(n, at) {
				slots = append(slots, Slot{uint32(n), uint32(at), number})
			}
		}
	}
	return slots
}
