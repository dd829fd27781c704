package frame

// Message reads a message in place: a list of values.
type Message struct {
	b []byte
}

// AppendMessage appends a message of these values to dst, which must be empty.
func AppendMessage(dst []byte, values ...Slot) []byte {
	dst = grow(dst, messageHeaderSize+slotSize*len(values))
	for i, v := range values {
		value := v.bits
		if v.Kind.refers() {
			value = uint64(len(dst))
			dst = append(dst, v.ref...)
		}
		s := dst[messageHeaderSize+i*slotSize:]
		le.PutUint32(s[sKind:], uint32(v.Kind))
		le.PutUint32(s[sLength:], uint32(len(v.ref)))
		le.PutUint64(s[sValue:], value)
	}
	le.PutUint32(dst, messageMagic)
	le.PutUint32(dst[mLength:], uint32(len(dst)))
	le.PutUint16(dst[mVersion:], Version)
	le.PutUint32(dst[mCount:], uint32(len(values)))
	return dst
}

// OpenMessage checks a message and returns its reader. The error is a *FormatError.
// b may be longer than the frame.
func OpenMessage(b []byte) (Message, error) {
	c := checker{frame: "message"}
	b, ok := c.header(b, messageHeaderSize, messageMagic, mLength, mVersion)
	if !ok {
		return Message{}, c.err
	}
	count := le.Uint32(b[mCount:])
	if count > MaxMessage/slotSize || len(b) > MaxMessage || !spans(messageHeaderSize, count*slotSize, messageHeaderSize, uint32(len(b))) {
		c.fail("", "is larger than 16 MiB, or than its bytes")
		return Message{}, c.err
	}
	behind := messageHeaderSize + count*slotSize
	for i := range count {
		s := b[messageHeaderSize+i*slotSize:]
		kind, value, length := Kind(le.Uint32(s[sKind:])), le.Uint64(s[sValue:]), le.Uint32(s[sLength:])
		switch {
		case kind > JSON:
			c.fail(part("value", int(i)), "is of an unknown kind")
		case kind.refers() && (value > MaxMessage || !spans(uint32(value), length, behind, uint32(len(b)))):
			c.fail(part("value", int(i)), "lies outside the message")
		case kind == UUID && length != 16:
			c.fail(part("value", int(i)), "is a UUID that is not 16 bytes long")
		}
	}
	if c.err != nil {
		return Message{}, c.err
	}
	return Message{b}, nil
}

// Count is the number of values.
func (m Message) Count() int { return int(le.Uint32(m.b[mCount:])) }

// Value is a value by its index; Null where the message has none. Its bytes alias
// the frame.
func (m Message) Value(i int) Slot {
	if i < 0 || i >= m.Count() {
		return Slot{}
	}
	s := m.b[messageHeaderSize+i*slotSize:]
	v := Slot{Kind: Kind(le.Uint32(s[sKind:])), bits: le.Uint64(s[sValue:])}
	if v.Kind.refers() {
		v.ref, v.bits = slice(m.b, uint32(v.bits), le.Uint32(s[sLength:])), 0
	}
	return v
}
