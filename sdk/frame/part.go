package frame

// Part is a run of a batch's events, with the groups that they are in, that can
// be folded by itself.
type Part struct {
	// Group is the index of the first group, Event that of the first event.
	Group, Event int
	// Groups and Events are how many there are.
	Groups, Events int

	at, length int // of the records, in bytes
}

// AppendParts cuts a batch into at most n parts, where n is 1 or more, of about as
// many bytes each, and appends them to dst, in order; together they are all of the
// batch. A group with a key is in one part, the unkeyed group is cut between any
// two of its events.
func (b Batch) AppendParts(dst []Part, n int) []Part {
	c := cutter{parts: dst, n: n, whole: b.weight(), last: -1}
	for g := range b.Groups() {
		at := int(le.Uint32(g.rec[gEventsAt:]))
		if g.Keyed() || g.EventCount() == 0 {
			length := b.recordsEnd(g.Index) - at
			c.add(Part{g.Index, g.FirstEvent(), 1, g.EventCount(), at, length}, length+g.stateLength())
			continue
		}
		for e := range g.Events() {
			c.add(Part{g.Index, e.Index, 1, 1, at, len(e.rec)}, len(e.rec))
			at += len(e.rec)
		}
	}
	return c.parts
}

// weight is the size of all that a part has of its own.
func (b Batch) weight() int {
	n := int(le.Uint32(b.b[bEventsLength:]))
	for g := range b.Groups() {
		n += g.stateLength()
	}
	return n
}

func (g Group) stateLength() int { return int(le.Uint32(g.rec[gStateLength:])) }

// recordsEnd is the offset behind a group's last event.
func (b Batch) recordsEnd(group int) int {
	if group+1 < b.GroupCount() {
		return int(le.Uint32(b.Group(group + 1).rec[gEventsAt:]))
	}
	return int(le.Uint32(b.b[bEvents:]) + le.Uint32(b.b[bEventsLength:]))
}

// cutter puts what must stay together into the part in which its middle falls.
type cutter struct {
	parts          []Part
	n, whole, seen int // seen of the whole weight
	last           int // part
}

func (c *cutter) add(p Part, weight int) {
	number := (2*c.seen + weight) * c.n / (2*c.whole + 1)
	c.seen += weight
	if number != c.last {
		c.parts = append(c.parts, p)
		c.last = number
		return
	}
	last := &c.parts[len(c.parts)-1]
	last.Groups = p.Group - last.Group + 1
	last.Events += p.Events
	last.length += p.length
}

// AppendPart appends a part of b to dst, which must be empty, as a batch of its
// own: with all of b's types, and indexes from 0 on. A batch that was not written
// by a BatchWriter may have a part larger than MaxSize.
func (b Batch) AppendPart(dst []byte, p Part) []byte {
	w := BatchWriter{buf: append(dst, b.b[:batchHeaderSize]...)}
	w.buf = append(w.buf, b.b[p.at:p.at+p.length]...)
	groups := len(w.buf)
	w.buf = grow(w.buf, groupSize*p.Groups)
	for i := range p.Groups {
		g := b.groupIn(p, i)
		w.putGroup(groups+i*groupSize, &g)
	}
	types := w.copyNames(b.b, bTypes, bTypeCount)
	aggTypes := w.copyNames(b.b, bAggTypes, bAggTypeCount)
	h := w.buf[:batchHeaderSize]
	le.PutUint32(h[bLength:], uint32(len(w.buf)))
	le.PutUint32(h[bEventCount:], uint32(p.Events))
	le.PutUint32(h[bGroupCount:], uint32(p.Groups))
	le.PutUint32(h[bGroups:], uint32(groups))
	le.PutUint32(h[bTypes:], uint32(types))
	le.PutUint32(h[bAggTypes:], uint32(aggTypes))
	le.PutUint32(h[bEvents:], batchHeaderSize)
	le.PutUint32(h[bEventsLength:], uint32(p.length))
	return w.buf
}

// groupIn is what a part has of its i-th group.
func (b Batch) groupIn(p Part, i int) groupMeta {
	g := b.Group(p.Group + i)
	state, _ := g.State()
	m := groupMeta{key: g.Key(), state: state, flags: le.Uint32(g.rec[gFlags:]), at: batchHeaderSize}
	first, end := max(g.FirstEvent(), p.Event), min(g.FirstEvent()+g.EventCount(), p.Event+p.Events)
	m.first, m.count = uint32(first-p.Event), uint32(max(end-first, 0))
	if at := int(le.Uint32(g.rec[gEventsAt:])); at > p.at {
		m.at += uint32(at - p.at)
	}
	return m
}

// copyNames appends a name table of another batch and returns its offset.
func (w *BatchWriter) copyNames(b []byte, table, count int) int {
	at, n := len(w.buf), int(le.Uint32(b[count:]))
	w.buf = grow(w.buf, nameSize*n)
	for i := range n {
		text := name(b, le.Uint32(b[table:]), i)
		le.PutUint32(w.buf[at+i*nameSize+4:], uint32(len(text)))
		to := w.putBytes(text)
		le.PutUint32(w.buf[at+i*nameSize:], uint32(to))
	}
	return at
}
