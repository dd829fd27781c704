package unfinished

import (
	"bytes"
	"strconv"

	"github.com/refold-dev/refold/eventstore/jetstream/internal/blocks"
)

// place is a message's place in an atomic batch.
type place struct {
	batch    string
	sequence uint64 // from 1
	commits  bool
}

// placeOf returns the zero value for a message of no batch.
func placeOf(r blocks.Record) place {
	batch, _ := header(r.Headers, "Nats-Batch-Id")
	text, _ := header(r.Headers, "Nats-Batch-Sequence")
	n, err := strconv.ParseUint(string(text), 10, 64)
	if len(batch) == 0 || err != nil {
		return place{}
	}
	commit, _ := header(r.Headers, "Nats-Batch-Commit")
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
