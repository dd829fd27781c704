package blocks

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"

	"github.com/minio/highwayhash"
)

// Sizes of a record's parts, in bytes.
const (
	fixedSize    = 4 + 8 + 8 + 2 // length, sequence, time, length of the subject
	checksumSize = 8
	maxRecord    = 32 << 20 // what the server takes for damage
)

const hasHeaders = 1 << 31 // in the length

// Record is one message in a block. Its parts are those of the text that was
// parsed.
type Record struct {
	Sequence uint64
	Size     int // of the whole record, in bytes
	Subject  []byte
	Headers  []byte // as on the wire
	Body     []byte
}

// ErrTorn is a text that does not begin with a whole and sound record.
var ErrTorn = errors.New("no sound record")

// Parser reads the records of one block. It is used by one goroutine.
type Parser struct {
	hash hash.Hash64
	sum  [highwayhash.Size64]byte
}

// NewParser returns the parser for a stream's block.
func NewParser(stream string, block int) (*Parser, error) {
	key := sha256.Sum256(fmt.Appendf(nil, "%s-%d", stream, block))
	h, err := highwayhash.New64(key[:])
	return &Parser{hash: h}, err
}

// Parse reads the record at the start of text. The error is ErrTorn where the
// server would cut, and where the text ends within a record. A subject of
// another length than was written can go unnoticed: no checksum covers it.
func (p *Parser) Parse(text []byte) (Record, error) {
	if len(text) < fixedSize {
		return Record{}, ErrTorn
	}
	length, size := binary.LittleEndian.Uint32(text), sizeOf(text)
	subject := int(binary.LittleEndian.Uint16(text[fixedSize-2:]))
	body := fixedSize + subject // where headers and message begin
	if length&hasHeaders != 0 {
		body += 4
	}
	if size > maxRecord || size > len(text) || body > size-checksumSize {
		return Record{}, ErrTorn
	}
	r := Record{Sequence: binary.LittleEndian.Uint64(text[4:]), Size: size, Subject: text[fixedSize : fixedSize+subject]}
	end := size - checksumSize
	p.hash.Reset()
	_, _ = p.hash.Write(text[4 : fixedSize-2]) // a hash takes everything
	_, _ = p.hash.Write(text[fixedSize : fixedSize+subject])
	_, _ = p.hash.Write(text[body:end])
	if !bytes.Equal(p.hash.Sum(p.sum[:0]), text[end:size]) {
		return Record{}, ErrTorn
	}
	if length&hasHeaders != 0 {
		n := binary.LittleEndian.Uint32(text[body-4:])
		if uint64(n) > uint64(end-body) {
			return Record{}, ErrTorn
		}
		r.Headers = text[body : body+int(n)]
		body += int(n)
	}
	r.Body = text[body:end]
	return r, nil
}

// sizeOf returns the size of the record that text begins with, as it says.
func sizeOf(text []byte) int { return int(binary.LittleEndian.Uint32(text) &^ hasHeaders) }
