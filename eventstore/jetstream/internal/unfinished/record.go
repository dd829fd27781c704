package unfinished

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strconv"

	"github.com/minio/highwayhash"
)

// Sizes of a record's parts, in bytes.
const (
	fixedSize    = 4 + 8 + 8 + 2 // length, sequence, time, length of the subject
	checksumSize = 8
	maxRecord    = 32 << 20 // what the server takes for damage
)

const hasHeaders = 1 << 31 // in the length

// record is one message in a block.
type record struct {
	sequence uint64
	size     int    // of the whole record, in bytes
	headers  []byte // as on the wire; part of the text that was parsed
}

// errTorn is a text that does not begin with a whole and sound record.
var errTorn = errors.New("no sound record")

// parser reads the records of one block.
type parser struct {
	hash hash.Hash64
	sum  [highwayhash.Size64]byte
}

// newParser returns the parser for a stream's block.
func newParser(stream string, block int) (*parser, error) {
	key := sha256.Sum256(fmt.Appendf(nil, "%s-%d", stream, block))
	h, err := highwayhash.New64(key[:])
	return &parser{hash: h}, err
}

// parse reads the record at the start of text. The error is errTorn where the
// server would cut.
func (p *parser) parse(text []byte) (record, error) {
	if len(text) < fixedSize {
		return record{}, errTorn
	}
	length := binary.LittleEndian.Uint32(text)
	size := int(length &^ hasHeaders)
	subject := int(binary.LittleEndian.Uint16(text[fixedSize-2:]))
	body := fixedSize + subject // where headers and message begin
	if length&hasHeaders != 0 {
		body += 4
	}
	if size > maxRecord || size > len(text) || body > size-checksumSize {
		return record{}, errTorn
	}
	r := record{sequence: binary.LittleEndian.Uint64(text[4:]), size: size}
	end := size - checksumSize
	p.hash.Reset()
	_, _ = p.hash.Write(text[4 : fixedSize-2]) // a hash takes everything
	_, _ = p.hash.Write(text[fixedSize : fixedSize+subject])
	_, _ = p.hash.Write(text[body:end])
	if !bytes.Equal(p.hash.Sum(p.sum[:0]), text[end:size]) {
		return record{}, errTorn
	}
	if length&hasHeaders != 0 {
		n := binary.LittleEndian.Uint32(text[body-4:])
		if uint64(n) > uint64(end-body) {
			return record{}, errTorn
		}
		r.headers = text[body : body+int(n)]
	}
	return r, nil
}

// place is a message's place in an atomic batch.
type place struct {
	batch    string
	sequence uint64 // from 1
	commits  bool
}

// place returns the zero value for a message of no batch.
func (r record) place() place {
	batch, _ := header(r.headers, "Nats-Batch-Id")
	text, _ := header(r.headers, "Nats-Batch-Sequence")
	n, err := strconv.ParseUint(string(text), 10, 64)
	if len(batch) == 0 || err != nil {
		return place{}
	}
	commit, _ := header(r.headers, "Nats-Batch-Commit")
	return place{batch: string(batch), sequence: n, commits: len(commit) > 0}
}

// header returns the value of the first header of a name, which is as the
// server writes it.
func header(headers []byte, name string) (value []byte, found bool) {
	_, rest, found := bytes.Cut(headers, []byte("\r\n"+name+":"))
	if !found {
		return nil, false
	}
	value, _, found = bytes.Cut(rest, []byte("\r\n"))
	return bytes.TrimLeft(value, " "), found
}
