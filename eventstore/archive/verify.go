package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/refold-dev/refold/domain/event"
)

// Report says what Verify has read.
type Report struct {
	Segments int
	Blocks   int
	Events   uint64
	Bytes    int64
	Head     event.Position
	// Chain is the hash over all content. It depends on how events were put
	// into blocks, so two archives of one log need not have the same.
	Chain [32]byte
}

// Verify reads all segments and indexes, and reports what holds up to the first
// damage, which is a *DamageError. Events may be appended meanwhile.
func (a *Archive) Verify(ctx context.Context) (Report, error) {
	return a.verify(ctx, func(_ *sealed, damage *DamageError) error { return damage })
}

// verify is Verify; badIndex decides what becomes of a damaged index.
func (a *Archive) verify(ctx context.Context, badIndex func(*sealed, *DamageError) error) (Report, error) {
	s, err := a.snapshot()
	if err != nil {
		return Report{}, err
	}
	defer s.release()
	var r Report
	for _, seg := range s.sealed {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		x, err := a.verifySealed(seg, &r)
		if err != nil {
			return r, err
		}
		err = a.verifyIndex(seg, x)
		var damage *DamageError
		if errors.As(err, &damage) {
			err = badIndex(seg, damage)
		}
		if err != nil {
			return r, err
		}
	}
	if s.active == nil {
		return r, nil
	}
	return r, a.verifyActive(s, &r)
}

func (a *Archive) verifySealed(s *sealed, r *Report) (*memIndex, error) {
	size, err := fileSize(a.fs, s.name())
	if err != nil {
		return nil, s.damage(0, err)
	}
	if size != s.size {
		return nil, s.damage(min(size, s.size), fmt.Errorf("the file has %d bytes instead of %d", size, s.size))
	}
	x, err := a.files.read(s)
	if err != nil {
		return nil, err
	}
	r.add(x, s.size, s.chain)
	return x, nil
}

func (r *Report) add(x *memIndex, size int64, end chain) {
	r.Segments++
	r.Blocks += len(x.blockList)
	r.Events += uint64(len(x.events))
	r.Bytes += size
	r.Head = x.first + event.Position(len(x.events)) - 1
	r.Chain = end
}

// verifyIndex compares an index file, if there is one, with what it should be.
func (a *Archive) verifyIndex(s *sealed, x *memIndex) error {
	name := indexName(s.first)
	file, err := a.fs.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it is built when it is needed
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	size, err := file.Size()
	if err != nil {
		return err
	}
	have := make([]byte, size)
	if n, err := file.ReadAt(have, 0); n < len(have) && !errors.Is(err, io.EOF) {
		return newDamage(name, 0, s.first, err)
	}
	want := x.encode(s.size, s.chain)
	if bytes.Equal(have, want) {
		return nil
	}
	at := 0
	for at < min(len(have), len(want)) && have[at] == want[at] {
		at++
	}
	return &DamageError{File: name, Offset: int64(at), First: s.first, Err: flaw("the index does not say what its segment says")}
}

// verifyActive reads the active segment up to its last whole block.
func (a *Archive) verifyActive(s *snapshot, r *Report) error {
	act := s.active
	found := scanSegment(act.file, act.index.end())
	switch {
	case found.flaw != nil:
		return newDamage(act.name(), found.end, max(found.next, act.header.first), found.flaw)
	case found.header != act.header || found.next <= s.head:
		return newDamage(act.name(), 0, act.header.first, flaw("the file was replaced by another one"))
	}
	r.add(found.index, found.end, found.chain)
	return nil
}
