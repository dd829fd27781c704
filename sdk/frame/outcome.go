package frame

// Status says what became of a batch of effects.
type Status uint32

// The statuses.
const (
	Performed Status = 0 // all of it
	Retry     Status = 1 // the rest may succeed later
	Poison    Status = 2 // an effect can never be performed as it is
	Fatal     Status = 3 // neither helps
)

// Outcome is what an executor says of a batch of effects.
type Outcome struct {
	Status Status
	// Performed is how many effects, from the batch's first on, are done and need
	// not be repeated. Of status Performed it is all.
	Performed int
	// Poison is the index of the effect that status Poison is about.
	Poison int
	// After is how long to wait before the rest is tried again, at least, in
	// milliseconds; of status Retry.
	After uint32
	// Text says why, for people; empty for status Performed.
	Text []byte
}

// AppendOutcome appends an outcome frame to dst, which must be empty.
func AppendOutcome(dst []byte, o *Outcome) []byte {
	dst = grow(dst, outcomeHeaderSize)
	dst = append(dst, o.Text...)
	le.PutUint32(dst, outcomeMagic)
	le.PutUint32(dst[oLength:], uint32(len(dst)))
	le.PutUint16(dst[oVersion:], Version)
	le.PutUint32(dst[oStatus:], uint32(o.Status))
	le.PutUint32(dst[oPerformed:], uint32(o.Performed))
	le.PutUint32(dst[oPoison:], uint32(o.Poison))
	le.PutUint32(dst[oText:], outcomeHeaderSize)
	le.PutUint32(dst[oTextLength:], uint32(len(o.Text)))
	le.PutUint32(dst[oAfter:], o.After)
	return dst
}

// OpenOutcome checks what an executor says of a batch of so many effects, and reads
// it. Text aliases b. The error is a *FormatError. b may be longer than the frame.
func OpenOutcome(b []byte, effects int) (Outcome, error) {
	c := checker{frame: "outcome"}
	b, ok := c.header(b, outcomeHeaderSize, outcomeMagic, oLength, oVersion)
	if !ok {
		return Outcome{}, c.err
	}
	status, performed, poison := Status(le.Uint32(b[oStatus:])), le.Uint32(b[oPerformed:]), le.Uint32(b[oPoison:])
	switch {
	case status > Fatal:
		c.fail("", "has an unknown status")
	case performed > uint32(effects):
		c.fail("", "has performed more effects than the batch has")
	case status == Performed && performed != uint32(effects):
		c.fail("", "says that the batch is performed, and counts fewer effects than it has")
	case status == Poison && poison >= uint32(effects):
		c.fail("", "is about an effect that the batch does not have")
	case status == Poison && poison < performed:
		c.fail("", "is about an effect that it has performed")
	case !spans(le.Uint32(b[oText:]), le.Uint32(b[oTextLength:]), outcomeHeaderSize, uint32(len(b))):
		c.fail("", "has a text outside the frame")
	}
	if c.err != nil {
		return Outcome{}, c.err
	}
	o := Outcome{Status: status, Performed: int(performed), Text: text(b, oText)}
	switch status {
	case Poison:
		o.Poison = int(poison)
	case Retry:
		o.After = le.Uint32(b[oAfter:])
	}
	return o, nil
}
