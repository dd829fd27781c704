package archive

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

// recover finds out what the directory holds. It cuts what does not hold at the
// end of the active segment.
func (a *Archive) recover() error {
	firsts, err := segmentsIn(a.fs, !a.opts.ReadOnly)
	if err != nil {
		return err
	}
	for i, first := range firsts {
		err := a.recoverSegment(first, i == len(firsts)-1)
		var damage *DamageError
		if errors.As(err, &damage) && a.opts.ReadOnly {
			a.damage = damage
			return nil
		}
		if errors.As(err, &damage) && a.opts.Heal {
			return a.dropFrom(first, damage)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// segmentsIn returns the first positions of all segments, sorted, and removes
// files that were never finished, if it may.
func segmentsIn(fs vfs.FS, remove bool) ([]event.Position, error) {
	names, err := fs.List()
	if err != nil {
		return nil, err
	}
	var firsts []event.Position
	for _, name := range names {
		if remove && strings.HasSuffix(name, tempSuffix) {
			if err := fs.Remove(name); err != nil {
				return nil, err
			}
		}
		if first, ok := parseName(name, segmentSuffix); ok {
			firsts = append(firsts, first)
		}
	}
	slices.Sort(firsts)
	return firsts, nil
}

func (a *Archive) recoverSegment(first event.Position, last bool) error {
	name := segmentName(first)
	if want := a.head + 1; first != want {
		return &DamageError{File: segmentName(want), First: want, Err: fmt.Errorf("the segment is missing, %s follows", name)}
	}
	size, err := fileSize(a.fs, name)
	if err != nil {
		return newDamage(name, 0, first, err)
	}
	h, seal, err := a.readEnds(name, size)
	switch {
	case err != nil:
		return newDamage(name, 0, first, err)
	case last && seal == nil:
		return a.recoverActive(name, size)
	case seal == nil:
		return &DamageError{File: name, First: first, Err: flaw("the segment is not sealed, and not the last one")}
	}
	if err := a.fits(h, first); err != nil {
		return a.headerError(name, first, err)
	}
	s := &sealed{first: first, next: seal.end(), size: size, span: timeSpan{seal.minTime, seal.maxTime}, before: h.before, chain: seal.chain}
	a.sealed = append(a.sealed, s)
	a.head = s.next - 1
	return nil
}

// ends is what stands at the two ends of a segment.
type ends struct {
	segmentHeader
	err error // what is wrong with the header
}

// readEnds reads a segment's header and its seal, nil if it has none.
func (a *Archive) readEnds(name string, size int64) (h ends, seal *blockHeader, err error) {
	f, err := a.fs.Open(name)
	if err != nil {
		return h, nil, err
	}
	defer func() { _ = f.Close() }() // only read
	b := make([]byte, segmentHeaderSize+blockHeaderSize)
	if size < int64(len(b)) {
		return h, nil, nil
	}
	if _, err := f.ReadAt(b[:segmentHeaderSize], 0); err != nil {
		return h, nil, err
	}
	h.segmentHeader, h.err = parseSegmentHeader(b)
	b = b[segmentHeaderSize:]
	if _, err := f.ReadAt(b, size-blockHeaderSize); err != nil {
		return h, nil, err
	}
	s, err := parseBlockHeader(b)
	if err != nil || !s.seal || verify(b, sealMagic) != nil {
		return h, nil, nil
	}
	return h, &s, nil
}

// fits reports why a segment is not the one that follows.
func (a *Archive) fits(h ends, first event.Position) error {
	switch {
	case h.err != nil:
		return h.err
	case h.digest != a.opts.Catalog.Digest() && !a.opts.ReadOnly:
		return &DigestError{Have: h.digest, Want: a.opts.Catalog.Digest()}
	case h.first != first:
		return fmt.Errorf("the segment begins at position %d", h.first)
	case h.before != a.endChain():
		return flaw("the segment does not continue the chain of hashes")
	}
	return nil
}

// endChain is the chain after the last sealed segment.
func (a *Archive) endChain() chain {
	if len(a.sealed) == 0 {
		return chain{}
	}
	return a.sealed[len(a.sealed)-1].chain
}

// headerError is the error of a segment that does not fit.
func (a *Archive) headerError(name string, first event.Position, err error) error {
	var version versionFlaw
	var digest *DigestError
	switch {
	case errors.As(err, &version):
		return &FormatError{File: name, Version: uint16(version)}
	case errors.As(err, &digest):
		return err
	}
	return &DamageError{File: name, First: first, Err: err}
}

// recoverActive reads the last segment, which is not sealed, and cuts it where
// it does not hold.
func (a *Archive) recoverActive(name string, size int64) error {
	open := a.fs.Append
	if a.opts.ReadOnly {
		open = a.fs.Open
	}
	file, err := open(name)
	if err != nil {
		return err
	}
	found := scanSegment(file, size)
	if isAccess(found.flaw) {
		return errors.Join(found.flaw, file.Close())
	}
	h := ends{segmentHeader: found.header}
	if found.end == 0 {
		h.err = found.flaw
	}
	if err := a.fits(h, a.head+1); err != nil {
		err = a.headerError(name, a.head+1, err)
		var damage *DamageError
		if !errors.As(err, &damage) || a.opts.ReadOnly {
			return errors.Join(err, file.Close())
		}
		return errors.Join(file.Close(), a.dropFrom(a.head+1, damage))
	}
	if found.flaw != nil {
		if found, err = a.cutTail(file, name, size, found); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	a.adopt(file, found)
	return nil
}

// cutTail cuts a segment to what is sound and scans it again. What is only read
// is left as it is.
func (a *Archive) cutTail(file vfs.File, name string, size int64, found *scan) (*scan, error) {
	a.damage = &DamageError{File: name, Offset: found.end, First: found.next, Err: found.flaw}
	if a.opts.ReadOnly {
		return found, nil
	}
	if a.opts.Strict {
		return nil, a.damage
	}
	a.opts.Logger.Warn("cutting the archive's last segment where it does not hold; it is fetched again",
		"segment", name, "offset", found.end, "bytes", size-found.end, "position", found.next, "reason", found.flaw)
	if err := a.fs.Truncate(name, found.end); err != nil {
		return nil, err
	}
	a.cut += size - found.end
	again := scanSegment(file, found.end)
	if again.flaw != nil {
		return nil, newDamage(name, again.end, again.next, again.flaw)
	}
	return again, nil
}

// adopt takes a segment that was scanned as the archive's last.
func (a *Archive) adopt(file vfs.File, found *scan) {
	act := newActive(file, found)
	a.head = found.next - 1
	if !found.sealed {
		a.active = act
		return
	}
	act.size -= blockHeaderSize // the scan counts the seal
	a.sealed = append(a.sealed[:len(a.sealed):len(a.sealed)], act.sealed())
	act.release()
}

// dropFrom removes all segments from a position on, because of damage.
func (a *Archive) dropFrom(first event.Position, damage *DamageError) error {
	before, err := a.stored(segmentSuffix)
	if err != nil {
		return err
	}
	if err := removeFrom(a.fs, first); err != nil {
		return err
	}
	after, err := a.stored(segmentSuffix)
	a.cut += before - after
	a.damage = damage
	a.opts.Logger.Warn("dropping the archive's segments from a damaged one on; they are fetched again",
		"segment", damage.File, "bytes", before-after, "position", first, "reason", damage.Err)
	return err
}

// removeFrom removes the files of all segments from a position on, the last
// one first, so that what is left after a crash is a prefix.
func removeFrom(fs vfs.FS, from event.Position) error {
	names, err := fs.List()
	if err != nil {
		return err
	}
	slices.Reverse(names)
	for _, name := range names {
		first, isSegment := parseName(name, segmentSuffix)
		index, isIndex := parseName(name, indexSuffix)
		if !(isSegment && first >= from || isIndex && index >= from) {
			continue
		}
		if err := fs.Remove(name); err != nil {
			return err
		}
		if isSegment {
			if err := fs.Sync(); err != nil {
				return err
			}
		}
	}
	return nil
}
