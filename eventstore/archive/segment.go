package archive

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

const (
	segmentSuffix = ".rfa"
	indexSuffix   = ".idx"
	tempSuffix    = ".tmp"
	lockName      = "archive.lock"
)

func segmentName(first event.Position) string {
	return fmt.Sprintf("seg-%020d%s", first, segmentSuffix)
}
func indexName(first event.Position) string { return fmt.Sprintf("seg-%020d%s", first, indexSuffix) }

// parseName returns the first position that a file is named by.
func parseName(name, suffix string) (event.Position, bool) {
	digits, ok := strings.CutPrefix(name, "seg-")
	if !ok {
		return 0, false
	}
	if digits, ok = strings.CutSuffix(digits, suffix); !ok || len(digits) != 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return event.Position(n), err == nil
}

// sealed is a segment that is complete. It does not change.
type sealed struct {
	first, next event.Position // next is where the segment after it begins
	size        int64          // with the seal
	span        timeSpan
	before      chain
	chain       chain
}

func (s *sealed) name() string { return segmentName(s.first) }

func (s *sealed) damage(at int64, err error) error {
	return newDamage(s.name(), at, s.first, err)
}

// active is the segment that is written to.
type active struct {
	pins
	file   vfs.File
	header segmentHeader
	index  *memIndex
	// The writer alone reads and writes these.
	size  int64
	next  event.Position
	span  timeSpan
	chain chain
}

func newActive(file vfs.File, s *scan) *active {
	a := &active{file: file, header: s.header, index: s.index, size: s.end, next: s.next, span: s.span, chain: s.chain}
	a.pin()
	return a
}

func (a *active) name() string { return segmentName(a.header.first) }

func (a *active) release() { a.unpin(a.file) }

// sealed returns the segment as it is once its seal is written.
func (a *active) sealed() *sealed {
	return &sealed{
		first: a.header.first, next: a.next, size: a.size + blockHeaderSize,
		span: a.span, before: a.header.before, chain: a.chain,
	}
}

// pins counts who uses files; the last one closes them.
type pins struct{ n atomic.Int32 }

func (p *pins) pin() { p.n.Add(1) }

// unpin ignores the error of Close: nothing is lost with a file that was only
// read, and the writer syncs what it wrote before it lets go.
func (p *pins) unpin(files ...vfs.File) {
	if p.n.Add(-1) > 0 {
		return
	}
	for _, f := range files {
		_ = f.Close()
	}
}
