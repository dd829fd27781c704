package jsonl

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// MaxLine is the longest line that Import reads, in bytes.
const MaxLine = 16 << 20

// LongLineError is a line of more than MaxLine bytes.
type LongLineError struct{}

func (*LongLineError) Error() string {
	return fmt.Sprintf("the line is longer than %d bytes", MaxLine)
}

var byteOrderMark = []byte("\uFEFF")

// lines splits an input into lines, decompressing it if it is gzip.
type lines struct {
	in     *bufio.Reader
	number int // of the line that next returned last, 1-based
	buf    []byte
	inside bool // next has returned a LongLineError from within a line
}

func newLines(r io.Reader) (*lines, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("reading gzip: %w", broken(err))
		}
		in = bufio.NewReaderSize(unzipped, 64<<10)
	}
	if start, _ := in.Peek(len(byteOrderMark)); bytes.Equal(start, byteOrderMark) {
		if _, err := in.Discard(len(byteOrderMark)); err != nil {
			return nil, err
		}
	}
	return &lines{in: in}, nil
}

// next returns the next line without its end, valid until the next call, and
// io.EOF after the last one. After a LongLineError it goes on with the next
// line; any other error is final.
func (l *lines) next() ([]byte, error) {
	if err := l.leave(); err != nil {
		return nil, err
	}
	l.buf = l.buf[:0]
	l.number++
	for {
		part, err := l.in.ReadSlice('\n')
		l.buf = append(l.buf, part...)
		full := errors.Is(err, bufio.ErrBufferFull)
		switch {
		case len(l.buf) > MaxLine:
			l.inside = full // a line may have no end: its rest is not looked for here
			return nil, &LongLineError{}
		case full:
			continue
		case err != nil && err != io.EOF:
			return nil, broken(err)
		case err == io.EOF && len(l.buf) == 0:
			l.number--
			return nil, io.EOF
		}
		line := bytes.TrimSuffix(l.buf, []byte("\n"))
		return bytes.TrimSuffix(line, []byte("\r")), nil
	}
}

// leave reads to the end of a line that was too long.
func (l *lines) leave() error {
	for l.inside {
		_, err := l.in.ReadSlice('\n')
		l.inside = errors.Is(err, bufio.ErrBufferFull)
		if err != nil && !l.inside {
			return broken(err)
		}
	}
	return nil
}

// BrokenOffError is compressed input that ends too early.
type BrokenOffError struct{ Err error }

func (e *BrokenOffError) Error() string {
	return fmt.Sprintf("the input breaks off; the file is not complete: %v", e.Err)
}

func (e *BrokenOffError) Unwrap() error { return e.Err }

// broken makes a *BrokenOffError of the error of an input that is not whole.
func broken(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &BrokenOffError{err}
	}
	return err
}
