package archive

import (
	"github.com/refold-dev/refold/domain/event"
)

const indexHeaderSize = 96

// Widths of entries and lengths of keys, in bytes.
const (
	entryWidth       = 20
	blockWidth       = 40
	aggregateWidth   = 36
	correlationWidth = 24
	idWidth          = 20
	ordinalWidth     = 4
	listedWidth      = ordinalWidth + entryWidth
	uuidKey          = 16
	aggregateKeySize = len(aggregateKey{})
)

// indexHeader says which segment an index is of, and how long its tables are.
type indexHeader struct {
	first  event.Position
	size   int64 // of the segment
	chain  chain // of the segment's seal
	counts [7]uint32
}

// What counts counts.
const (
	nEvents = iota
	nBlocks
	nTypes
	nNameBytes
	nAggregates
	nCorrelations
	nIDs
)

func (h *indexHeader) append(dst []byte) []byte {
	b := make([]byte, indexHeaderSize)
	le.PutUint64(b[16:], uint64(h.first))
	le.PutUint64(b[24:], uint64(h.size))
	copy(b[32:], h.chain[:])
	for i, n := range h.counts {
		le.PutUint32(b[64+4*i:], n)
	}
	sign(b, indexMagic)
	return append(dst, b...)
}

func parseIndexHeader(b []byte) (indexHeader, error) {
	if err := verify(b, indexMagic); err != nil {
		return indexHeader{}, err
	}
	h := indexHeader{first: event.Position(le.Uint64(b[16:])), size: int64(le.Uint64(b[24:]))}
	copy(h.chain[:], b[32:])
	for i := range h.counts {
		h.counts[i] = le.Uint32(b[64+4*i:])
		if h.counts[i] > maxCount {
			return h, flaw("a table is impossibly long")
		}
	}
	return h, nil
}

// maxCount bounds the entries of a table, far above what a segment can hold.
const maxCount = 1 << 30

// tables is the layout of an index file.
type tables struct {
	names, events, blocks, types    table
	aggFence, aggregates, aggEvents table
	corFence, correlations          table
	corEvents, idFence, ids         table
}

// layout places the tables one behind the other and returns the file's size.
func (h *indexHeader) layout() (t tables, size int64) {
	size = indexHeaderSize
	place := func(width, run int, count uint32) table {
		t := table{at: size, width: uint32(width), run: uint32(run), count: count}
		size += t.size()
		return t
	}
	runs := func(n uint32) uint32 { return (n + runEntries - 1) / runEntries }
	n := h.counts
	t.names = place(1, nameEntries, n[nNameBytes])
	t.events = place(entryWidth, runEntries, n[nEvents])
	t.blocks = place(blockWidth, runEntries, n[nBlocks])
	t.types = place(ordinalWidth, runEntries, n[nTypes])
	t.aggFence = place(aggregateKeySize, runEntries, runs(n[nAggregates]))
	t.aggregates = place(aggregateWidth, runEntries, n[nAggregates])
	t.aggEvents = place(listedWidth, runEntries, n[nEvents])
	t.corFence = place(uuidKey, runEntries, runs(n[nCorrelations]))
	t.correlations = place(correlationWidth, runEntries, n[nCorrelations])
	t.corEvents = place(ordinalWidth, runEntries, n[nEvents])
	t.idFence = place(uuidKey, runEntries, runs(n[nIDs]))
	t.ids = place(idWidth, runEntries, n[nIDs])
	return t, size
}

// encode returns the index file of a sealed segment. Equal segments give equal
// bytes.
func (x *memIndex) encode(size int64, end chain) []byte {
	var names []byte
	for _, name := range x.names {
		names = append(le.AppendUint32(names, uint32(len(name))), name...)
	}
	aggregates, aggEvents := x.encodeAggregates()
	correlations, corEvents := x.encodeCorrelations()
	ids := x.encodeIDs()
	h := indexHeader{first: x.first, size: size, chain: end, counts: [7]uint32{
		nEvents: uint32(len(x.events)), nBlocks: uint32(len(x.blockList)), nTypes: uint32(len(x.types)),
		nNameBytes: uint32(len(names)), nAggregates: uint32(len(aggregates) / aggregateWidth),
		nCorrelations: uint32(len(correlations) / correlationWidth), nIDs: uint32(len(ids) / idWidth),
	}}
	t, total := h.layout()
	out := h.append(make([]byte, 0, total))
	out = t.names.put(out, names)
	out = t.events.put(out, x.encodeEntries())
	out = t.blocks.put(out, x.encodeBlocks())
	out = t.types.put(out, encodeOrdinals(nil, x.types))
	out = t.aggFence.put(out, fenceOf(t.aggregates, aggregateKeySize, aggregates))
	out = t.aggregates.put(out, aggregates)
	out = t.aggEvents.put(out, aggEvents)
	out = t.corFence.put(out, fenceOf(t.correlations, uuidKey, correlations))
	out = t.correlations.put(out, correlations)
	out = t.corEvents.put(out, corEvents)
	out = t.idFence.put(out, fenceOf(t.ids, uuidKey, ids))
	return t.ids.put(out, ids)
}

func encodeOrdinals(dst []byte, ordinals []uint32) []byte {
	for _, o := range ordinals {
		dst = le.AppendUint32(dst, o)
	}
	return dst
}

func (x *memIndex) encodeEntries() []byte {
	out := make([]byte, 0, len(x.events)*entryWidth)
	for _, e := range x.events {
		out = e.append(out)
	}
	return out
}

func (e *entry) append(dst []byte) []byte {
	return encodeOrdinals(dst, []uint32{e.at, e.length, e.checksum, e.eventType, e.aggregateType})
}

func (x *memIndex) encodeBlocks() []byte {
	out := make([]byte, 0, len(x.blockList)*blockWidth)
	for _, b := range x.blockList {
		out = encodeOrdinals(out, []uint32{b.at, b.length, b.first, b.count})
		out = le.AppendUint64(out, uint64(b.span.min))
		out = le.AppendUint64(out, uint64(b.span.max))
		out = encodeOrdinals(out, []uint32{b.types, b.typeCount})
	}
	return out
}

// encodeAggregates returns the table of aggregates and that of their events.
func (x *memIndex) encodeAggregates() (table, events []byte) {
	table = make([]byte, 0, len(x.standings)*aggregateWidth)
	events = make([]byte, len(x.events)*listedWidth)
	place := uint32(0)
	keys := x.aggregates.keys
	for _, i := range sortedOrder(len(keys), func(i uint32) []byte { return keys[i][:] }) {
		p := x.standings[i].postings
		table = append(table, keys[i][:]...)
		table = le.AppendUint32(table, place)
		table = le.AppendUint32(table, p.count)
		table = le.AppendUint64(table, uint64(p.first))
		for at, n := p.place, p.count; n > 0; n-- { // from the last on
			e := events[(place+n-1)*listedWidth : (place+n)*listedWidth]
			x.events[at].append(le.AppendUint32(e[:0], at))
			at = x.before[at]
		}
		place += p.count
	}
	return table, events
}

// encodeCorrelations returns the table of correlations and that of their
// ordinals.
func (x *memIndex) encodeCorrelations() (table, events []byte) {
	ids := x.correlationIDs
	order := sortedOrder(len(ids), func(i uint32) []byte { return ids[i][:] })
	for i := 0; i < len(order); {
		n := 1
		for i+n < len(order) && ids[order[i]] == ids[order[i+n]] {
			n++
		}
		table = append(table, ids[order[i]][:]...)
		table = le.AppendUint32(table, uint32(i))
		table = le.AppendUint32(table, uint32(n))
		i += n
	}
	return table, encodeOrdinals(make([]byte, 0, len(order)*ordinalWidth), order)
}

// encodeIDs returns the table of event ids. Of an id that occurs twice, which a
// sound log does not have, the last event counts.
func (x *memIndex) encodeIDs() []byte {
	ids := x.eventIDs
	order := sortedOrder(len(ids), func(i uint32) []byte { return ids[i][:] })
	out := make([]byte, 0, len(ids)*idWidth)
	for i, ordinal := range order {
		if i+1 < len(order) && ids[order[i+1]] == ids[ordinal] {
			continue
		}
		out = append(out, ids[ordinal][:]...)
		out = le.AppendUint32(out, ordinal)
	}
	return out
}
