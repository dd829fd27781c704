package unfinished

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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
	records, err := newParser(name, index)
	if err != nil {
		return ending{}, err
	}
	var e ending
	for offset := 0; offset < len(text); {
		r, err := records.parse(text[offset:])
		if err != nil {
			e.torn = true
			return e, nil
		}
		if r.sequence == 0 || r.sequence>>62 != 0 || e.last > 0 && r.sequence != e.last+1 {
			return ending{}, notUnderstood(filepath.Base(path) + " has deleted or missing messages")
		}
		e.add(r, int64(offset))
		offset += r.size
	}
	return e, nil
}

// add goes on to the next record.
func (e *ending) add(r record, offset int64) {
	if e.last = r.sequence; e.first == 0 {
		e.first = r.sequence
	}
	p := r.place()
	e.commits = p.commits
	switch {
	case p.batch == "" || p.commits:
		e.open = part{}
	case p.batch == e.open.batch && p.sequence == e.open.to+1:
		e.open.to = p.sequence
	default:
		e.open = part{batch: p.batch, from: p.sequence, to: p.sequence, sequence: r.sequence, offset: offset}
	}
}

// blockNumbers returns the numbers of the blocks in a folder, in order.
func blockNumbers(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, entry := range entries {
		base, isBlock := strings.CutSuffix(entry.Name(), ".blk")
		if n, err := strconv.Atoi(base); isBlock && err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

func blockPath(dir string, number int) string {
	return filepath.Join(dir, strconv.Itoa(number)+".blk")
}
