package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// suffix ends the names of files of lines.
const suffix = ".jsonl"

// shelf is a generation's folder.
type shelf string

func (s shelf) path(number int) string {
	return filepath.Join(string(s), fmt.Sprintf("%06d%s", number, suffix))
}

// parseNumber reads a file's name.
func parseNumber(name string) (number int, ok bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	number, err := strconv.Atoi(digits)
	return number, ok && err == nil && fmt.Sprintf("%06d", number) == digits
}

// numbers are those of the files that there are, in order.
func (s shelf) numbers() (all []int, err error) {
	entries, err := os.ReadDir(string(s))
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if number, ok := parseNumber(entry.Name()); ok {
			all = append(all, number)
		}
	}
	return all, nil
}

// begin makes an empty first file.
func (s shelf) begin() error {
	if err := os.RemoveAll(string(s)); err != nil { // which a crash has left behind
		return err
	}
	if err := os.Mkdir(string(s), 0o700); err != nil {
		return err
	}
	return s.create(1, nil)
}

// create makes a file with lines in it.
func (s shelf) create(number int, lines []byte) error {
	f, err := os.OpenFile(s.path(number), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(lines)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return syncFolder(string(s))
}

// extend writes lines behind the first length bytes of a file.
func (s shelf) extend(number int, length int64, lines []byte) error {
	f, err := os.OpenFile(s.path(number), os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return &LostError{Path: s.path(number), Want: length}
	}
	if err != nil {
		return err
	}
	if err = cut(f, length); err == nil {
		_, err = f.WriteAt(lines, length)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// cut leaves a file with length bytes, if it has as many.
func cut(f *os.File, length int64) error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case info.Size() < length:
		return &LostError{Path: f.Name(), Size: info.Size(), Want: length}
	case info.Size() > length:
		return f.Truncate(length)
	}
	return nil
}

// settle cuts off what is behind a mark.
func (s shelf) settle(m mark) error {
	numbers, err := s.numbers()
	if err != nil {
		return err
	}
	for _, number := range numbers {
		if number > m.File {
			if err := os.Remove(s.path(number)); err != nil {
				return err
			}
		}
	}
	return s.extend(m.File, m.Length, nil)
}

// append writes lines behind a mark, into new files where one is full, and returns
// the mark behind them. On disk is all of it when it returns, or what is behind the
// mark is for settle.
func (s shelf) append(m mark, lines [][]byte, maxSize int64) (mark, error) {
	for len(lines) > 0 {
		n, size := fitting(lines, maxSize, m.Length)
		if n == 0 {
			m.File, m.Length = m.File+1, 0
			continue
		}
		chunk := make([]byte, 0, size)
		for _, line := range lines[:n] {
			chunk = append(chunk, line...)
		}
		write := func() error { return s.extend(m.File, m.Length, chunk) }
		if m.Length == 0 && m.File > 1 {
			write = func() error { return s.create(m.File, chunk) }
		}
		if err := write(); err != nil {
			return m, err
		}
		m.Length += size
		lines = lines[n:]
	}
	return m, nil
}

// fitting is how many of the lines, of which size in all, fit into a file that has a
// length: one at least into an empty one.
func fitting(lines [][]byte, maxSize, length int64) (n int, size int64) {
	for _, line := range lines {
		if maxSize > 0 && length+size > 0 && length+size+int64(len(line)) > maxSize {
			break
		}
		n, size = n+1, size+int64(len(line))
	}
	return n, size
}

// prune removes the oldest of the finished files, but for so many. One that cannot
// be removed is tried again with the next file.
func (s shelf) prune(last, keep int) {
	numbers, _ := s.numbers()
	for _, number := range numbers {
		if number < last-keep {
			_ = os.Remove(s.path(number))
		}
	}
}

// LostError is a file that has less than was written to it.
type LostError struct {
	Path       string
	Size, Want int64 // bytes
}

func (e *LostError) Error() string {
	return fmt.Sprintf("%s has %d bytes of the %d that were written to it: put it back, or remove the whole folder %s, to have all of it written anew", e.Path, e.Size, e.Want, filepath.Dir(filepath.Dir(e.Path)))
}
