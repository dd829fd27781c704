package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	seekable "github.com/SaveTheRbtz/zstd-seekable-format-go/pkg"
	"github.com/klauspost/compress/zstd"
)

const (
	// coldSuffix is behind the name of a file that is stored compressed; coldTemp
	// behind that of one on its way to be.
	coldSuffix = ".zst"
	coldTemp   = ".zst.tmp"
	// coldFrame is how many bytes are compressed at once, and decompressed for one
	// that is read.
	coldFrame = 128 << 10
)

// Cold is a directory some of whose files are stored compressed, in the seekable
// format of Zstandard. They are read as the others are, under the same names; one
// that is to be changed is decompressed first. A file is stored in one form or in the
// other: where a crash has left both, the plain one counts.
type Cold struct{ FS }

// Chill compresses a file that nobody writes to. swap is called when the compressed
// one is complete and on disk, to call done, which puts it in the place of the plain
// one; or not to.
func (c Cold) Chill(name string, swap func(done func() error) error) error {
	if err := c.compress(name); err != nil {
		return fmt.Errorf("compressing %s: %w", name, err)
	}
	return errors.Join(swap(func() error {
		err := c.FS.Rename(name+coldTemp, name+coldSuffix)
		if err == nil {
			err = c.FS.Sync()
		}
		if err == nil {
			err = c.FS.Remove(name)
		}
		return err
	}), c.discard(name+coldTemp))
}

// IsCold reports whether a file is stored compressed.
func (c Cold) IsCold(name string) (bool, error) {
	if plain, err := c.has(name); plain || err != nil {
		return false, err
	}
	return c.has(name + coldSuffix)
}

func (c Cold) compress(name string) (err error) {
	from, err := c.FS.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	size, err := from.Size()
	if err != nil {
		return err
	}
	to, err := c.FS.Create(name + coldTemp)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, encoder.Close()) }()
	w, err := seekable.NewWriter(to, encoder)
	if err != nil {
		return err
	}
	whole, buf := io.NewSectionReader(from, 0, size), make([]byte, coldFrame)
	for left := size; left > 0 && err == nil; left -= int64(len(buf)) {
		buf = buf[:min(left, coldFrame)]
		if _, err = io.ReadFull(whole, buf); err == nil {
			_, err = w.Write(buf) // each makes a frame
		}
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return err
	}
	return to.Sync()
}

// Open implements FS.
func (c Cold) Open(name string) (File, error) {
	f, err := c.FS.Open(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	packed, coldErr := c.FS.Open(name + coldSuffix)
	if errors.Is(coldErr, fs.ErrNotExist) {
		return nil, err
	}
	if coldErr != nil {
		return nil, coldErr
	}
	return openCold(packed)
}

// Append implements FS.
func (c Cold) Append(name string) (File, error) {
	if err := c.warm(name); err != nil {
		return nil, err
	}
	return c.FS.Append(name)
}

// Truncate implements FS.
func (c Cold) Truncate(name string, size int64) error {
	if err := c.warm(name); err != nil {
		return err
	}
	return c.FS.Truncate(name, size)
}

// Remove implements FS.
func (c Cold) Remove(name string) error {
	if err := c.discard(name + coldSuffix); err != nil {
		return err
	}
	err := c.FS.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// List implements FS.
func (c Cold) List() ([]string, error) {
	names, err := c.FS.List()
	for i, name := range names {
		names[i] = strings.TrimSuffix(name, coldSuffix)
	}
	slices.Sort(names)
	return slices.Compact(names), err
}

// Stored is the sum of the sizes of those files whose names want selects, as they are
// stored.
func (c Cold) Stored(want func(name string) bool) (total int64, err error) {
	names, err := c.FS.List()
	for _, name := range names {
		if !want(strings.TrimSuffix(name, coldSuffix)) {
			continue
		}
		size, sizeErr := c.size(name)
		err = errors.Join(err, sizeErr)
		total += size
	}
	return total, err
}

func (c Cold) size(name string) (int64, error) {
	f, err := c.FS.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil // it has gone meanwhile
	}
	if err != nil {
		return 0, err
	}
	size, err := f.Size()
	return size, errors.Join(err, f.Close())
}

// warm puts the plain file in the place of a compressed one.
func (c Cold) warm(name string) (err error) {
	cold, err := c.IsCold(name)
	if err != nil || !cold {
		return err
	}
	from, err := c.Open(name)
	if err != nil {
		return err
	}
	temp := name + ".tmp"
	if err := errors.Join(c.copy(from, temp), from.Close()); err != nil {
		return fmt.Errorf("decompressing %s: %w", name, err)
	}
	if err := c.FS.Rename(temp, name); err != nil {
		return err
	}
	if err := c.FS.Sync(); err != nil {
		return err
	}
	return c.FS.Remove(name + coldSuffix)
}

func (c Cold) copy(from File, name string) (err error) {
	size, err := from.Size()
	if err != nil {
		return err
	}
	to, err := c.FS.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if _, err := io.Copy(to, io.NewSectionReader(from, 0, size)); err != nil {
		return err
	}
	return to.Sync()
}

func (c Cold) has(name string) (bool, error) {
	f, err := c.FS.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, f.Close()
}

// discard removes a file if it is there.
func (c Cold) discard(name string) error {
	there, err := c.has(name)
	if err != nil || !there {
		return err
	}
	return c.FS.Remove(name)
}

// decoder decompresses for all files: it keeps nothing of any of them.
var decoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(2*coldFrame))
})

// coldFile is a compressed file.
type coldFile struct {
	File
	reader *seekable.Reader
	size   int64
}

func openCold(packed File) (File, error) {
	d, err := decoder()
	if err != nil {
		return nil, errors.Join(err, packed.Close())
	}
	size, err := packed.Size()
	if err != nil {
		return nil, errors.Join(err, packed.Close())
	}
	r, err := seekable.NewReader(io.NewSectionReader(packed, 0, size), d)
	if err != nil {
		return nil, errors.Join(err, packed.Close())
	}
	table, err := r.SeekTable()
	if err != nil {
		return nil, errors.Join(err, packed.Close())
	}
	return &coldFile{packed, r, int64(table.Size())}, nil
}

func (f *coldFile) ReadAt(b []byte, at int64) (int, error) { return f.reader.ReadAt(b, at) }
func (f *coldFile) Size() (int64, error)                   { return f.size, nil }
func (f *coldFile) Write([]byte) (int, error)              { return 0, errors.New("a compressed file is only read") }
func (f *coldFile) Close() error                           { return errors.Join(f.reader.Close(), f.File.Close()) }
