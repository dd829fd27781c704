package blocks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Reader reads a stream's messages in order, block by block. It is used by one
// goroutine.
type Reader struct {
	dir    string
	stream string
	next   uint64 // sequence
	left   []int  // the numbers of the blocks behind the one that is open
	file   *os.File
	parser *Parser
	rest   []byte // read of the block, and not parsed
}

// NewReader returns the reader of the messages of a stream from a sequence on,
// whose block files are in dir/<stream>/msgs.
func NewReader(dir, stream string, next uint64) (*Reader, error) {
	r := &Reader{dir: filepath.Join(dir, stream, "msgs"), stream: stream, next: next}
	numbers, err := Numbers(r.dir)
	if err == nil {
		r.left, err = r.from(numbers)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the files of stream %s: %w", stream, err)
	}
	return r, nil
}

// from leaves out the blocks that end before the sequence to go on at.
func (r *Reader) from(numbers []int) ([]int, error) {
	var failed error
	i, _ := slices.BinarySearchFunc(numbers, r.next, func(number int, next uint64) int {
		first, err := firstSequence(Path(r.dir, number))
		if err != nil {
			failed = errors.Join(failed, err)
		}
		if first <= next {
			return -1
		}
		return 1
	})
	return numbers[max(i-1, 0):], failed
}

// firstSequence returns the sequence with which a block begins; 0 if it is
// empty.
func firstSequence(path string) (uint64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }() // only read
	var begin [12]byte
	if _, err := io.ReadFull(f, begin[:]); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = nil
		}
		return 0, err
	}
	return binary.LittleEndian.Uint64(begin[4:]), nil
}

// chunkSize is how much of a block is read at once: a record that is kept keeps
// no more in memory.
const chunkSize = 512 << 10

// Next appends to dst the next messages, up to max of them in all. They are
// parts of one text of about 512 KiB. The error is io.EOF if the files hold no
// more that can be told to be sound.
func (r *Reader) Next(dst []Record, max int) ([]Record, error) {
	for {
		before := len(dst)
		dst = r.parse(dst, max)
		if len(dst) > before {
			return dst, nil
		}
		err := io.EOF
		if r.begun() {
			err = r.fill()
		}
		if errors.Is(err, io.EOF) {
			err = r.open()
		}
		if err != nil {
			return dst, err
		}
	}
}

// parse takes records off what was read. Those before the first wanted one are
// left out.
func (r *Reader) parse(dst []Record, max int) []Record {
	for len(dst) < max {
		record, err := r.parser.Parse(r.rest)
		if err != nil || record.Sequence > r.next {
			break
		}
		if record.Sequence == r.next {
			dst = append(dst, record)
			r.next++
		}
		r.rest = r.rest[record.Size:]
	}
	return dst
}

// begun reports whether what is left may be the beginning of a record.
func (r *Reader) begun() bool {
	size := 0
	if len(r.rest) >= fixedSize {
		size = sizeOf(r.rest)
	}
	return r.file != nil && (len(r.rest) < fixedSize || size > len(r.rest) && size <= maxRecord)
}

// fill reads on in the block, into new memory.
func (r *Reader) fill() error {
	text := make([]byte, len(r.rest)+chunkSize)
	n, err := r.file.Read(text[copy(text, r.rest):])
	if err == nil {
		r.rest = text[:len(r.rest)+n]
	}
	return err
}

// open goes on to the next block.
func (r *Reader) open() (err error) {
	r.Close()
	if len(r.left) == 0 {
		return io.EOF
	}
	number := r.left[0]
	r.left = r.left[1:]
	if r.parser, err = NewParser(r.stream, number); err != nil {
		return err
	}
	r.file, err = os.Open(Path(r.dir, number))
	if errors.Is(err, fs.ErrNotExist) {
		return io.EOF
	}
	return err
}

// Close lets go of the files. What was read stays.
func (r *Reader) Close() {
	if r.file != nil {
		_ = r.file.Close() // only read
	}
	r.file, r.rest = nil, nil
}
