package frame

// EventCount reads how many events a batch says it has, before it is checked;
// no more than a frame can hold.
func EventCount(b []byte) int {
	if len(b) < batchHeaderSize {
		return 0
	}
	return min(int(le.Uint32(b[bEventCount:])), MaxSize/eventHeaderSize)
}

// OpenBatch checks a batch frame and returns its reader. The error is a
// *FormatError. b may be longer than the frame.
func OpenBatch(b []byte) (Batch, error) {
	c := checker{frame: "batch"}
	b, ok := c.header(b, batchHeaderSize, batchMagic, bLength, bVersion)
	if !ok {
		return Batch{}, c.err
	}
	types := c.nameTable(b, bTypes, bTypeCount, "event type")
	aggTypes := c.nameTable(b, bAggTypes, bAggTypeCount, "aggregate type")
	slots := le.Uint32(b[bSlotsPerEvent:])
	if slots > MaxSize/slotSize {
		c.fail("", "has too many slots per event")
	}
	c.groups(b, types, aggTypes, slots)
	if c.err != nil {
		return Batch{}, c.err
	}
	return Batch{b}, nil
}

// TrustBatch returns the reader of a batch frame of which it checks nothing but
// the header: for a guest, whose host has checked or written the frame. On
// another that breaks the layout, the reader's methods may panic.
func TrustBatch(b []byte) (Batch, error) {
	c := checker{frame: "batch"}
	b, ok := c.header(b, batchHeaderSize, batchMagic, bLength, bVersion)
	if !ok {
		return Batch{}, c.err
	}
	return Batch{b}, nil
}

// checker keeps the first rule that a frame breaks.
type checker struct {
	frame string
	err   error
}

func (c *checker) fail(part, reason string) {
	if c.err == nil {
		c.err = &FormatError{Frame: c.frame, Part: part, Reason: reason}
	}
}

// header checks magic, version and length, and returns the frame without what
// lies behind it.
func (c *checker) header(b []byte, size int, magic uint32, length, version int) ([]byte, bool) {
	if len(b) < size {
		c.fail("", "is shorter than its header")
		return nil, false
	}
	n := le.Uint32(b[length:])
	switch {
	case le.Uint32(b) != magic:
		c.fail("", "does not start with its magic number")
	case le.Uint16(b[version:]) != Version:
		c.fail("", "has an unknown ABI version")
	case n > MaxSize:
		c.fail("", "is larger than 64 MiB")
	case int(n) > len(b) || int(n) < size:
		c.fail("", "has a length that does not fit its bytes")
	default:
		return b[:n:n], true
	}
	return nil, false
}

// spans reports whether [at, at+length) lies within [low, high).
func spans(at, length, low, high uint32) bool {
	return length == 0 || at >= low && at <= high && length <= high-at
}

// table checks that count entries of size bytes fit at an aligned offset.
func (c *checker) table(b []byte, at, count, size, low uint32, what string) bool {
	if count > MaxSize/size || at%8 != 0 || !spans(at, count*size, low, uint32(len(b))) {
		c.fail(what+" table", "does not fit the frame")
		return false
	}
	return true
}

func (c *checker) nameTable(b []byte, table, count int, what string) uint32 {
	n, at := le.Uint32(b[count:]), le.Uint32(b[table:])
	if !c.table(b, at, n, nameSize, batchHeaderSize, what) {
		return 0
	}
	for i := range n {
		rec := b[at+i*nameSize:]
		if !spans(le.Uint32(rec), le.Uint32(rec[4:]), batchHeaderSize, uint32(len(b))) {
			c.fail(part(what, int(i)), "has a name outside the frame")
			return 0
		}
	}
	return n
}

// groups checks the group table, and through it every event: groups must name
// all events, each once, in order.
func (c *checker) groups(b []byte, types, aggTypes, slots uint32) {
	table, count := le.Uint32(b[bGroups:]), le.Uint32(b[bGroupCount:])
	if !c.table(b, table, count, groupSize, batchHeaderSize, "group") {
		return
	}
	events := le.Uint32(b[bEventCount:])
	at, end := le.Uint32(b[bEvents:]), le.Uint32(b[bEventsLength:])
	if at%8 != 0 || !spans(at, end, batchHeaderSize, uint32(len(b))) {
		c.fail("events", "do not fit the frame")
		return
	}
	end += at
	var index uint32
	for i := uint32(0); i < count && c.err == nil; i++ {
		g := b[table+i*groupSize:]
		if le.Uint32(g[gFirstEvent:]) != index || le.Uint32(g[gEventsAt:]) != at {
			c.fail(part("group", int(i)), "does not follow the group before it")
		}
		if !spans(le.Uint32(g[gKey:]), le.Uint32(g[gKeyLength:]), batchHeaderSize, uint32(len(b))) ||
			!spans(le.Uint32(g[gState:]), le.Uint32(g[gStateLength:]), batchHeaderSize, uint32(len(b))) {
			c.fail(part("group", int(i)), "has a key or a state outside the frame")
		}
		for n := le.Uint32(g[gEventCount:]); n > 0 && c.err == nil; n-- {
			at = c.event(b, at, end, index, types, aggTypes, slots)
			index++
		}
	}
	if c.err == nil && (index != events || at != end) {
		c.fail("events", "are not those that the groups name")
	}
}

// event checks one record and returns the offset behind it.
func (c *checker) event(b []byte, at, end, index, types, aggTypes, slots uint32) uint32 {
	if end-at < eventHeaderSize {
		c.fail(part("event", int(index)), "is shorter than its header")
		return at
	}
	rec := b[at:end]
	length := le.Uint32(rec[eLength:])
	if length < eventHeaderSize || length%8 != 0 || length > end-at {
		c.fail(part("event", int(index)), "has a length that does not fit the frame")
		return at
	}
	rec = rec[:length]
	switch {
	case le.Uint32(rec[eType:]) >= types || le.Uint32(rec[eAggregateType:]) >= aggTypes:
		c.fail(part("event", int(index)), "has a type index outside its table")
	case !spans(le.Uint32(rec[eData:]), le.Uint32(rec[eDataLength:]), eventHeaderSize, length):
		c.fail(part("event", int(index)), "has data outside the record")
	case !spans(le.Uint32(rec[eMeta:]), le.Uint32(rec[eMetaLength:]), eventHeaderSize, length):
		c.fail(part("event", int(index)), "has metadata outside the record")
	case slots > 0:
		c.slots(rec, index, slots)
	}
	return at + length
}

func (c *checker) slots(rec []byte, index, slots uint32) {
	at := le.Uint32(rec[eSlots:])
	if at%8 != 0 || !spans(at, slots*slotSize, eventHeaderSize, uint32(len(rec))) {
		c.fail(part("event", int(index)), "has slots outside the record")
		return
	}
	for i := range slots {
		s := rec[at+i*slotSize:]
		kind, value := Kind(le.Uint32(s[sKind:])), le.Uint64(s[sValue:])
		length := le.Uint32(s[sLength:])
		if kind > JSON {
			c.fail(part("event", int(index)), "has a slot of an unknown kind")
		}
		if kind.refers() && (value > MaxSize || !spans(uint32(value), length, eventHeaderSize, uint32(len(rec)))) {
			c.fail(part("event", int(index)), "has a slot outside the record")
		}
		if kind == UUID && length != 16 {
			c.fail(part("event", int(index)), "has a UUID slot that is not 16 bytes long")
		}
	}
}
