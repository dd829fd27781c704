package unfinished

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/refold-dev/refold/eventstore/jetstream/internal/blocks"
)

// notUnderstoodError is a stream that is left as it is.
type notUnderstoodError struct{ reason string }

func (e *notUnderstoodError) Error() string { return e.reason }

func notUnderstood(reason string) error { return &notUnderstoodError{reason} }

// ending is how a block ends, as far as its records are sound.
type ending struct {
	first, last uint64 // sequences; 0 if there is no record
	torn        bool   // bytes follow that are no record
	open        part   // the zero value if the last message ends its batch, or is of none
	commits     bool   // the last message ends a batch
}

// part is a run of messages of one batch, up to the end of a block.
type part struct {
	batch    string
	from, to uint64 // sequences in the batch
	sequence uint64 // of the first of them in the stream
	offset   int64  // of the first of them in the block
}

// readBlock reads a block of the stream called name.
func readBlock(path, name string, index int) (ending, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return ending{}, err
	}
	if bytes.HasPrefix(text, []byte("cmp\x01")) {
		return ending{}, notUnderstood(filepath.Base(path) + " is compressed")
	}
	records, err := blocks.NewParser(name, index)
	if err != nil {
		return ending{}, err
	}
	var e ending
	for offset := 0; offset < len(text); {
		r, err := records.Parse(text[offset:])
		if err != nil {
			e.torn = true
			return e, nil
		}
		if r.Sequence == 0 || r.Sequence>>62 != 0 || e.last > 0 && r.Sequence != e.last+1 {
			return ending{}, notUnderstood(filepath.Base(path) + " has deleted or missing messages")
		}
		e.add(r, int64(offset))
		offset += r.Size
	}
	return e, nil
}

// add goes on to the next record.
func (e *ending) add(r blocks.Record, offset int64) {
	if e.last = r.Sequence; e.first == 0 {
		e.first = r.Sequence
	}
	p := placeOf(r)
	e.commits = p.commits
	switch {
	case p.batch == "" || p.commits:
		e.open = part{}
	case p.batch == e.open.batch && p.sequence == e.open.to+1:
		e.open.to = p.sequence
	default:
		e.open = part{batch: p.batch, from: p.sequence, to: p.sequence, sequence: r.Sequence, offset: offset}
	}
}
