// Package blockstest writes records as nats-server does, for tests.
package blockstest

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"github.com/minio/highwayhash"
)

// Subject and Body are those of each record.
const (
	Subject = "infrastructure.compute.x.y"
	Body    = `{"n":1}`
)

// Encode returns a record of a stream's block.
func Encode(stream string, block int, sequence uint64, headers string) []byte {
	le := binary.LittleEndian
	text := le.AppendUint32(nil, 0)
	text = le.AppendUint64(text, sequence)
	text = le.AppendUint64(text, 1_700_000_000)
	text = le.AppendUint16(text, uint16(len(Subject)))
	text = append(text, Subject...)
	text = le.AppendUint32(text, uint32(len(headers)))
	text = append(text, headers+Body...)
	key := sha256.Sum256([]byte(stream + "-" + strconv.Itoa(block)))
	hash, err := highwayhash.New64(key[:])
	if err != nil {
		panic(err) // the key has the right size
	}
	for _, part := range []string{string(text[4:20]), Subject, headers, Body} {
		_, _ = hash.Write([]byte(part))
	}
	text = hash.Sum(text)
	le.PutUint32(text, uint32(len(text))|1<<31)
	return text
}
