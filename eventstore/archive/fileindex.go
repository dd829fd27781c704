package archive

import (
	"errors"
	"sort"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/archive/internal/vfs"
)

// fileIndex is the index file of a sealed segment. Names and fences are in
// memory, the rest is read from the file as needed.
type fileIndex struct {
	file         vfs.File
	fileName     string
	header       indexHeader
	tables       tables
	names        []string
	aggregates   keyed
	correlations keyed
	ids          keyed
}

// openIndex reads the header, the names and the fences of an index file.
func openIndex(file vfs.File, fileName string) (*fileIndex, error) {
	x := &fileIndex{file: file, fileName: fileName}
	if err := x.open(); err != nil {
		return nil, x.damage(err)
	}
	return x, nil
}

func (x *fileIndex) open() error {
	b := make([]byte, indexHeaderSize)
	if _, err := x.file.ReadAt(b, 0); err != nil {
		return err
	}
	var err error
	if x.header, err = parseIndexHeader(b); err != nil {
		return err
	}
	var want int64
	x.tables, want = x.header.layout()
	if size, err := x.file.Size(); err != nil || size != want {
		return errors.Join(flaw("the file's size is not that of its tables"), err)
	}
	if x.names, err = x.readNames(); err != nil {
		return err
	}
	t := &x.tables
	for _, k := range []struct {
		to           *keyed
		table, fence table
	}{{&x.aggregates, t.aggregates, t.aggFence}, {&x.correlations, t.correlations, t.corFence}, {&x.ids, t.ids, t.idFence}} {
		fence, err := k.fence.readAll(x.file)
		if err != nil {
			return err
		}
		*k.to = keyed{table: k.table, fence: fence, key: int(k.fence.width)}
	}
	return nil
}

func (x *fileIndex) readNames() ([]string, error) {
	b, err := x.tables.names.readAll(x.file)
	if err != nil {
		return nil, err
	}
	var names []string
	for len(b) > 0 {
		if len(b) < 4 || uint64(le.Uint32(b)) > uint64(len(b)-4) {
			return nil, flaw("a name does not fit the table of names")
		}
		end := 4 + le.Uint32(b)
		names = append(names, string(b[4:end]))
		b = b[end:]
	}
	return names, nil
}

// damage turns what is wrong with the file into a *DamageError.
func (x *fileIndex) damage(err error) error {
	if err == nil {
		return nil
	}
	var at int64
	var t *tableError
	if errors.As(err, &t) {
		at = t.at
	}
	return newDamage(x.fileName, at, x.header.first, err)
}

const errOutside = flaw("an entry refers to one that does not exist")

func (x *fileIndex) aggregate(agg event.Aggregate) (postings, bool, error) {
	for id, name := range x.names {
		if name != agg.Type {
			continue
		}
		key := newAggregateKey(agg.ID, uint32(id))
		e, err := x.aggregates.find(x.file, key[:])
		if e == nil || err != nil {
			return postings{}, false, x.damage(err)
		}
		p := postings{list: ofAggregate, place: le.Uint32(e[20:]), count: le.Uint32(e[24:]), first: event.Version(le.Uint64(e[28:]))}
		return p, true, x.checkPostings(p)
	}
	return postings{}, false, nil
}

func (x *fileIndex) correlation(id uuid.UUID) (postings, bool, error) {
	e, err := x.correlations.find(x.file, id[:])
	if e == nil || err != nil {
		return postings{}, false, x.damage(err)
	}
	p := postings{list: ofCorrelation, place: le.Uint32(e[16:]), count: le.Uint32(e[20:])}
	return p, true, x.checkPostings(p)
}

func (x *fileIndex) checkPostings(p postings) error {
	if p.count == 0 || uint64(p.place)+uint64(p.count) > uint64(x.header.counts[nEvents]) {
		return x.damage(errOutside)
	}
	return nil
}

func (x *fileIndex) find(id uuid.UUID) (uint32, bool, error) {
	e, err := x.ids.find(x.file, id[:])
	if e == nil || err != nil {
		return 0, false, x.damage(err)
	}
	return le.Uint32(e[16:]), true, nil
}

func (x *fileIndex) list(p postings, skip uint32) ([]listed, error) {
	if skip >= p.count {
		return nil, nil
	}
	out := make([]listed, 0, p.count-skip)
	var err error
	if p.list == ofCorrelation {
		err = x.tables.corEvents.visit(x.file, p.place+skip, p.count-skip, func(e []byte) bool {
			out = append(out, listed{ordinal: le.Uint32(e)})
			return true
		})
		if err == nil {
			err = x.locate(out)
		}
	} else {
		err = x.tables.aggEvents.visit(x.file, p.place+skip, p.count-skip, func(e []byte) bool {
			out = append(out, listed{le.Uint32(e), parseEntry(e[ordinalWidth:])})
			return true
		})
	}
	if err == nil {
		err = x.checkListed(out)
	}
	return out, x.damage(err)
}

// locate looks up where events are.
func (x *fileIndex) locate(list []listed) error {
	t := x.tables.events
	buf := runs.Get().(*[]byte)
	defer runs.Put(buf)
	var run []byte
	have := uint32(1<<32 - 1)
	for i := range list {
		o := list[i].ordinal
		if o >= t.count {
			return errOutside
		}
		if o/t.run != have {
			var err error
			if run, err = t.readRun(x.file, o/t.run, buf); err != nil {
				return err
			}
			have = o / t.run
		}
		list[i].entry = parseEntry(run[(o%t.run)*t.width:])
	}
	return nil
}

// checkListed makes sure that events refer to what exists.
func (x *fileIndex) checkListed(list []listed) error {
	names := uint32(len(x.names))
	for i := range list {
		l := &list[i]
		if int64(l.at)+int64(l.length) > x.header.size || l.ordinal >= x.header.counts[nEvents] || l.eventType >= names || l.aggregateType >= names {
			return errOutside
		}
	}
	return nil
}

func parseEntry(b []byte) entry {
	return entry{at: le.Uint32(b), length: le.Uint32(b[4:]), checksum: le.Uint32(b[8:]), eventType: le.Uint32(b[12:]), aggregateType: le.Uint32(b[16:])}
}

func (x *fileIndex) blocks(from uint32, visit func(blockEntry) bool) error {
	t := x.tables.blocks
	buf := runs.Get().(*[]byte)
	defer runs.Put(buf)
	var err error
	start := sort.Search(int(t.runs()), func(run int) bool { // the first run that ends behind from
		b, e := t.readRun(x.file, uint32(run), buf)
		if e != nil {
			err = e
			return true
		}
		last := parseBlockEntry(b[len(b)-blockWidth:])
		return last.end() > from
	})
	if err != nil || start == int(t.runs()) {
		return x.damage(err)
	}
	first := uint32(start) * t.run
	return x.damage(t.visit(x.file, first, t.count-first, func(e []byte) bool {
		b := parseBlockEntry(e)
		return b.end() <= from || visit(b)
	}))
}

func parseBlockEntry(b []byte) blockEntry {
	return blockEntry{
		at: le.Uint32(b), length: le.Uint32(b[4:]), first: le.Uint32(b[8:]), count: le.Uint32(b[12:]),
		span:  timeSpan{int64(le.Uint64(b[16:])), int64(le.Uint64(b[24:]))},
		types: le.Uint32(b[32:]), typeCount: le.Uint32(b[36:]),
	}
}

func (x *fileIndex) blockTypes(b blockEntry) ([]string, error) {
	if uint64(b.types)+uint64(b.typeCount) > uint64(x.header.counts[nTypes]) {
		return nil, x.damage(errOutside)
	}
	var out []string
	outside := false
	err := x.tables.types.visit(x.file, b.types, b.typeCount, func(e []byte) bool {
		id := le.Uint32(e)
		if outside = id >= uint32(len(x.names)); !outside {
			out = append(out, x.names[id])
		}
		return !outside
	})
	if outside {
		err = errOutside
	}
	return out, x.damage(err)
}

func (x *fileIndex) name(id uint32) string { return x.names[id] }

func (x *fileIndex) typeNames() []string { return x.names }
