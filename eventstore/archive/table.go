package archive

import (
	"bytes"
	"io"
	"sort"
	"sync"
)

// Entries per run of a table.
const (
	runEntries  = 128
	nameEntries = 4096 // of the table of names, whose entries are bytes
)

const checksumSize = 4

// table is a table in an index file: entries of a width in bytes, in runs, each
// with its checksum behind it.
type table struct {
	at    int64
	width uint32
	run   uint32 // entries per run
	count uint32
}

func (t table) runs() uint32 { return (t.count + t.run - 1) / t.run }

// size is the table's length in the file.
func (t table) size() int64 {
	return int64(t.count)*int64(t.width) + int64(t.runs())*checksumSize
}

// put appends the table that holds the given entries to dst.
func (t table) put(dst, entries []byte) []byte {
	step := int(t.run * t.width)
	for at := 0; at < len(entries); at += step {
		run := entries[at:min(at+step, len(entries))]
		dst = append(dst, run...)
		dst = le.AppendUint32(dst, checksum(run))
	}
	return dst
}

// runs holds buffers for one run each.
var runs = sync.Pool{New: func() any { return new([]byte) }}

// readRun reads and checks the entries of one run, into a buffer of runs.
func (t table) readRun(r io.ReaderAt, run uint32, into *[]byte) ([]byte, error) {
	full := int64(t.run) * int64(t.width)
	size := min(full, int64(t.count)*int64(t.width)-int64(run)*full)
	if int64(cap(*into)) < size+checksumSize {
		*into = make([]byte, size+checksumSize)
	}
	buf := (*into)[:size+checksumSize]
	at := t.at + int64(run)*(full+checksumSize)
	if _, err := r.ReadAt(buf, at); err != nil {
		return nil, &tableError{at, err}
	}
	if checksum(buf[:size]) != le.Uint32(buf[size:]) {
		return nil, &tableError{at, flaw("the checksum of a run of entries is wrong")}
	}
	return buf[:size], nil
}

// visit calls f with up to n entries from the first on, until f returns false.
// They are valid only within f.
func (t table) visit(r io.ReaderAt, first, n uint32, f func(entry []byte) bool) error {
	buf := runs.Get().(*[]byte)
	defer runs.Put(buf)
	for i, end := first, first+n; i < end; {
		run, err := t.readRun(r, i/t.run, buf)
		if err != nil {
			return err
		}
		for ; i < end; i++ {
			at := (i % t.run) * t.width
			if !f(run[at : at+t.width]) {
				return nil
			}
			if (i+1)%t.run == 0 {
				i++
				break
			}
		}
	}
	return nil
}

// readAll reads the whole table's entries.
func (t table) readAll(r io.ReaderAt) ([]byte, error) {
	buf := runs.Get().(*[]byte)
	defer runs.Put(buf)
	out := make([]byte, 0, int64(t.count)*int64(t.width))
	for run := range t.runs() {
		b, err := t.readRun(r, run, buf)
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

// tableError is a place in an index file that is damaged.
type tableError struct {
	at  int64
	err error
}

func (e *tableError) Error() string { return e.err.Error() }
func (e *tableError) Unwrap() error { return e.err }

// keyed is a table whose entries begin with their key and are sorted by it. The
// fence, the key of each run's first entry, is in memory.
type keyed struct {
	table
	fence []byte
	key   int // length of a key
}

// find returns the entry of a key, nil if there is none.
func (k *keyed) find(r io.ReaderAt, key []byte) ([]byte, error) {
	after := sort.Search(len(k.fence)/k.key, func(i int) bool {
		return bytes.Compare(k.fence[i*k.key:(i+1)*k.key], key) > 0
	})
	if after == 0 {
		return nil, nil
	}
	buf := runs.Get().(*[]byte)
	defer runs.Put(buf)
	run, err := k.readRun(r, uint32(after-1), buf)
	if err != nil {
		return nil, err
	}
	width := int(k.width)
	i := sort.Search(len(run)/width, func(i int) bool {
		return bytes.Compare(run[i*width:i*width+k.key], key) >= 0
	})
	if i*width >= len(run) || !bytes.Equal(run[i*width:i*width+k.key], key) {
		return nil, nil
	}
	return bytes.Clone(run[i*width : (i+1)*width]), nil
}

// fenceOf returns the key of every run's first entry.
func fenceOf(t table, key int, entries []byte) []byte {
	var out []byte
	for at := 0; at < len(entries); at += int(t.run * t.width) {
		out = append(out, entries[at:at+key]...)
	}
	return out
}
