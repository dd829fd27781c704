package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// pages reads the page tree of a bbolt file that may be damaged. bbolt believes
// what it reads, and panics, in a goroutine of its own or by a fault of the
// memory map, or walks in a circle, where it should not have.
type pages struct {
	file io.ReaderAt
	size uint64   // of a page, in bytes
	end  uint64   // pages that are in use, or were
	seen []uint64 // a bit for each page
}

// The layout of a page: a header, then count elements, then keys and values at
// distances from their elements, all in the machine's byte order.
const (
	headerSize   = 16 // id, flags, count, overflow
	elementSize  = 16 // of a branch: distance, key size, page; of a leaf: flags, distance, key size, value size
	bucketSize   = 16 // root page, sequence
	flagBranch   = 1
	flagLeaf     = 2
	flagIsBucket = 1
)

var native = binary.NativeEndian

func newPages(file io.ReaderAt, size, end uint64) *pages {
	return &pages{file: file, size: size, end: end, seen: make([]uint64, end/64+1)}
}

// checkTree checks a tree by its root page, with all buckets in it: that each
// page is where it says it is and is used once, that all of it lies within the
// file, and that the keys are in order, as a search needs them.
func (p *pages) checkTree(root uint64) error { return p.tree(root, keyRange{}) }

// keyRange is from min to before max; nil is no bound.
type keyRange struct{ min, max []byte }

func (r keyRange) has(key []byte) bool {
	return (r.min == nil || bytes.Compare(key, r.min) >= 0) && (r.max == nil || bytes.Compare(key, r.max) < 0)
}

func (p *pages) tree(id uint64, keys keyRange) error {
	page, err := p.read(id)
	if err == nil {
		err = p.node(page, keys)
	}
	if err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

// read reads a page and those it flows over to.
func (p *pages) read(id uint64) ([]byte, error) {
	if id < 2 || id >= p.end {
		return nil, fmt.Errorf("there are the pages 2 to %d", p.end-1)
	}
	page := make([]byte, p.size)
	if _, err := p.file.ReadAt(page, int64(id*p.size)); err != nil {
		return nil, err
	}
	if is := native.Uint64(page); is != id {
		return nil, fmt.Errorf("it says that it is page %d", is)
	}
	behind := id + 1 + uint64(native.Uint32(page[12:]))
	if behind > p.end {
		return nil, fmt.Errorf("it flows over the last page, %d", p.end-1)
	}
	for i := id; i < behind; i++ {
		if p.seen[i/64]&(1<<(i%64)) != 0 {
			return nil, fmt.Errorf("page %d is used twice", i)
		}
		p.seen[i/64] |= 1 << (i % 64)
	}
	if behind == id+1 {
		return page, nil
	}
	page = make([]byte, (behind-id)*p.size)
	_, err := p.file.ReadAt(page, int64(id*p.size))
	return page, err
}

// node checks a page's elements and what is below them.
func (p *pages) node(page []byte, keys keyRange) error {
	count := int(native.Uint16(page[10:]))
	if headerSize+count*elementSize > len(page) {
		return fmt.Errorf("it cannot have %d elements", count)
	}
	switch flags := native.Uint16(page[8:]); {
	case flags == flagBranch && count > 0:
		return p.branch(page, count, keys)
	case flags == flagLeaf:
		return p.leaf(page, count, keys)
	default:
		return fmt.Errorf("it is no page of a tree, with flags %#x and %d elements", flags, count)
	}
}

func (p *pages) branch(page []byte, count int, keys keyRange) error {
	children := make([]keyRange, count)
	for i := range children {
		key, err := cut(page, i, native.Uint32(page[at(i):]), native.Uint32(page[at(i)+4:]))
		switch {
		case err != nil:
			return err
		case !keys.has(key), i > 0 && bytes.Compare(children[i-1].min, key) >= 0:
			return fmt.Errorf("key %d is out of order", i)
		}
		children[i] = keyRange{key, keys.max}
		if i > 0 {
			children[i-1].max = key
		}
	}
	for i := range children {
		if err := p.tree(native.Uint64(page[at(i)+8:]), children[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *pages) leaf(page []byte, count int, keys keyRange) error {
	var last []byte
	for i := range count {
		flags, distance := native.Uint32(page[at(i):]), native.Uint32(page[at(i)+4:])
		size := native.Uint32(page[at(i)+8:])
		key, err := cut(page, i, distance, size)
		if err != nil {
			return err
		}
		if i > 0 && bytes.Compare(last, key) >= 0 || (i == 0 || i == count-1) && !keys.has(key) {
			return fmt.Errorf("key %d is out of order", i)
		}
		last = key
		value, err := cut(page, i, distance+size, native.Uint32(page[at(i)+12:]))
		if err != nil || distance+size < distance {
			return fmt.Errorf("value %d lies outside of it", i)
		}
		if flags&flagIsBucket == 0 {
			continue
		}
		if err := p.bucket(value); err != nil {
			return fmt.Errorf("bucket %q: %w", key, err)
		}
	}
	return nil
}

// bucket checks a bucket, which has a tree of its own, or, if it is small, a
// leaf page within the value.
func (p *pages) bucket(value []byte) error {
	if len(value) < bucketSize {
		return fmt.Errorf("it has no header")
	}
	if root := native.Uint64(value); root != 0 {
		return p.tree(root, keyRange{})
	}
	page := value[bucketSize:]
	if len(page) < headerSize {
		return fmt.Errorf("it has no page")
	}
	return p.node(page, keyRange{})
}

// at is where an element is in its page.
func at(i int) int { return headerSize + i*elementSize }

// cut returns a key or a value, by its distance from its element.
func cut(page []byte, i int, distance, size uint32) ([]byte, error) {
	from := uint64(at(i)) + uint64(distance)
	if from+uint64(size) > uint64(len(page)) {
		return nil, fmt.Errorf("key %d lies outside of it", i)
	}
	return page[from : from+uint64(size)], nil
}
