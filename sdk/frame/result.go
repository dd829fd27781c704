package frame

import "iter"

// Result reads a result frame in place.
type Result struct {
	b []byte
}

// Disposition says what becomes of a key's state.
type Disposition uint32

// The dispositions.
const (
	Keep   Disposition = 0
	Set    Disposition = 1
	Remove Disposition = 2
)

// GroupResult is what a fold made of one group.
type GroupResult struct {
	Group       int
	Disposition Disposition
	State       []byte // of a Set, else nil; aliases the frame
}

// OpenResult checks the result of folding batch and returns its reader. The
// error is a *FormatError. b may be longer than the frame.
func OpenResult(b []byte, batch Batch) (Result, error) {
	c := checker{frame: "result"}
	b, ok := c.header(b, resultHeaderSize, resultMagic, rLength, rVersion)
	if !ok {
		return Result{}, c.err
	}
	switch le.Uint32(b[rStatus:]) {
	case statusFolded:
		c.groupResults(b, batch)
		c.effects(b, uint32(batch.EventCount()))
	case statusRejected:
		c.rejection(b, uint32(batch.EventCount()))
	default:
		c.fail("", "has an unknown status")
	}
	if c.err != nil {
		return Result{}, c.err
	}
	return Result{b}, nil
}

// rejection leaves no group results and no effects for a reader to come across.
func (c *checker) rejection(b []byte, events uint32) {
	switch {
	case le.Uint32(b[rErrorEvent:]) >= events:
		c.fail("", "rejects an event that the batch does not have")
	case !spans(le.Uint32(b[rErrorText:]), le.Uint32(b[rErrorTextLength:]), resultHeaderSize, uint32(len(b))):
		c.fail("", "has a reason outside the frame")
	case le.Uint32(b[rGroupCount:]) != 0 || le.Uint32(b[rEffectCount:]) != 0:
		c.fail("", "is rejected, yet has group results or effects")
	}
}

func (c *checker) groupResults(b []byte, batch Batch) {
	count, at := le.Uint32(b[rGroupCount:]), le.Uint32(b[rGroups:])
	if !c.table(b, at, count, groupResultSize, resultHeaderSize, "group result") {
		return
	}
	next := uint32(0)
	for i := range count {
		rec := b[at+i*groupResultSize:]
		group, disposition := le.Uint32(rec[grGroup:]), le.Uint32(rec[grDisposition:])
		switch {
		case group < next:
			c.fail(part("group result", int(i)), "repeats a group or comes out of order")
		case group >= uint32(batch.GroupCount()):
			c.fail(part("group result", int(i)), "names a group that the batch does not have")
		case !batch.Group(int(group)).Keyed():
			c.fail(part("group result", int(i)), "gives a state to the unkeyed group")
		case Disposition(disposition) > Remove:
			c.fail(part("group result", int(i)), "has an unknown disposition")
		case !spans(le.Uint32(rec[grState:]), le.Uint32(rec[grStateLength:]), resultHeaderSize, uint32(len(b))):
			c.fail(part("group result", int(i)), "has a state outside the frame")
		}
		if c.err != nil {
			return
		}
		next = group + 1
	}
}

func (c *checker) effects(b []byte, events uint32) {
	if c.err != nil {
		return
	}
	at, count, end := le.Uint32(b[rEffects:]), le.Uint32(b[rEffectCount:]), uint32(len(b))
	if at%8 != 0 || at < resultHeaderSize && count > 0 {
		c.fail("effects", "do not fit the frame")
		return
	}
	var cause uint32
	for i := range count {
		if at > end || end-at < effectHeaderSize {
			c.fail(part("effect", int(i)), "does not fit the frame")
			return
		}
		length := le.Uint32(b[at+fLength:])
		if length < effectHeaderSize || length%8 != 0 || length > end-at {
			c.fail(part("effect", int(i)), "has a length that does not fit the frame")
			return
		}
		c.effect(b[at:at+length], i, events)
		if le.Uint32(b[at+fCause:]) < cause {
			c.fail(part("effect", int(i)), "is caused by an earlier event than the effect before it")
		}
		if c.err != nil {
			return
		}
		cause = le.Uint32(b[at+fCause:])
		at += length
	}
}

func (c *checker) effect(rec []byte, i, events uint32) {
	kind := EffectKind(le.Uint16(rec[fKind:]))
	switch {
	case kind < Insert || kind > EmitEvent:
		c.fail(part("effect", int(i)), "has an unknown kind")
	case le.Uint16(rec[fLevel:]) > 3:
		c.fail(part("effect", int(i)), "has an unknown level")
	case le.Uint32(rec[fCause:]) >= events:
		c.fail(part("effect", int(i)), "claims to be caused by an event that the batch does not have")
	}
	for _, field := range [...]int{fName, fKey, fBody} {
		if !spans(le.Uint32(rec[field:]), le.Uint32(rec[field+4:]), effectHeaderSize, uint32(len(rec))) {
			c.fail(part("effect", int(i)), "has a text outside the record")
		}
	}
}

// Rejected returns the index of the event that the guest could not fold and its
// reason; ok is false if the batch was folded.
func (r Result) Rejected() (event int, reason []byte, ok bool) {
	if le.Uint32(r.b[rStatus:]) != statusRejected {
		return 0, nil, false
	}
	text := slice(r.b, le.Uint32(r.b[rErrorText:]), le.Uint32(r.b[rErrorTextLength:]))
	return int(le.Uint32(r.b[rErrorEvent:])), text, true
}

// Groups yields what became of the groups, in ascending order; a group that is
// left out keeps its state.
func (r Result) Groups() iter.Seq[GroupResult] {
	return func(yield func(GroupResult) bool) {
		at := le.Uint32(r.b[rGroups:])
		for i := range le.Uint32(r.b[rGroupCount:]) {
			rec := r.b[at+i*groupResultSize:]
			g := GroupResult{
				Group:       int(le.Uint32(rec[grGroup:])),
				Disposition: Disposition(le.Uint32(rec[grDisposition:])),
			}
			if g.Disposition == Set {
				g.State = slice(r.b, le.Uint32(rec[grState:]), le.Uint32(rec[grStateLength:]))
			}
			if !yield(g) {
				return
			}
		}
	}
}

// EffectCount is the number of effects.
func (r Result) EffectCount() int { return int(le.Uint32(r.b[rEffectCount:])) }

// Effects yields the effects in the order in which the guest emitted them.
func (r Result) Effects() iter.Seq[Effect] {
	return func(yield func(Effect) bool) {
		at := le.Uint32(r.b[rEffects:])
		for range r.EffectCount() {
			length := le.Uint32(r.b[at:])
			rec := r.b[at : at+length]
			e := Effect{
				Kind:  EffectKind(le.Uint16(rec[fKind:])),
				Level: le.Uint16(rec[fLevel:]),
				Cause: int(le.Uint32(rec[fCause:])),
				Name:  text(rec, fName),
				Key:   text(rec, fKey),
				Body:  text(rec, fBody),
			}
			if !yield(e) {
				return
			}
			at += length
		}
	}
}

func text(rec []byte, field int) []byte {
	return slice(rec, le.Uint32(rec[field:]), le.Uint32(rec[field+4:]))
}
