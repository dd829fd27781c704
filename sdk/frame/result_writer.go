package frame

// EffectKind says what an effect asks for.
type EffectKind uint16

// The kinds of effect.
const (
	Insert    EffectKind = 1 // Name: collection, Body: the row
	Update    EffectKind = 2 // Name: collection, Key: the row's, Body: changed columns
	Delete    EffectKind = 3 // Name: collection, Key: the row's
	Query     EffectKind = 4 // Name: query text, Body: parameters
	Log       EffectKind = 5 // Level, Body: the message as text
	EmitEvent EffectKind = 6 // Name: event type, Body: data
)

// Effect is an effect on its way from guest to host.
type Effect struct {
	Kind  EffectKind
	Level uint16 // of a Log: 0 debug, 1 info, 2 warn, 3 error
	Cause int    // index of the event in the batch
	Name  []byte
	Key   []byte
	Body  []byte
}

// ResultWriter builds a result frame. Use: Reset, then any SetState,
// RemoveState and AddEffect, then Finish; or Reject in place of all. It reuses
// its memory.
type ResultWriter struct {
	buf     []byte
	groups  []groupResult
	states  []byte
	effects int
}

type groupResult struct {
	group       uint32
	disposition uint32
	at, length  uint32 // in states
}

// Reset starts a result.
func (w *ResultWriter) Reset() {
	if w.buf == nil {
		w.buf = make([]byte, 0, 4<<10)
	}
	w.buf = w.buf[:resultHeaderSize]
	clear(w.buf)
	w.groups, w.states, w.effects = w.groups[:0], w.states[:0], 0
}

// SetState gives a group's key a new state, which is copied. Groups must come
// in ascending order; a group that is left out keeps its state.
func (w *ResultWriter) SetState(group int, state []byte) {
	at := len(w.states)
	w.states = append(w.states, state...)
	w.states = grow(w.states, align(len(w.states))-len(w.states))
	w.groups = append(w.groups, groupResult{uint32(group), uint32(Set), uint32(at), uint32(len(state))})
}

// RemoveState removes a group's key and its state.
func (w *ResultWriter) RemoveState(group int) {
	w.groups = append(w.groups, groupResult{group: uint32(group), disposition: uint32(Remove)})
}

// AddEffect adds an effect; its bytes are copied. Causes must not descend.
func (w *ResultWriter) AddEffect(e *Effect) {
	at := len(w.buf)
	length := align(effectHeaderSize + len(e.Name) + len(e.Key) + len(e.Body))
	w.buf = grow(w.buf, length)
	rec := w.buf[at:]
	le.PutUint32(rec[fLength:], uint32(length))
	le.PutUint16(rec[fKind:], uint16(e.Kind))
	le.PutUint16(rec[fLevel:], e.Level)
	le.PutUint32(rec[fCause:], uint32(e.Cause))
	to := effectHeaderSize
	to = putText(rec, fName, to, e.Name)
	to = putText(rec, fKey, to, e.Key)
	putText(rec, fBody, to, e.Body)
	w.effects++
}

func putText(rec []byte, field, to int, v []byte) int {
	le.PutUint32(rec[field:], uint32(to))
	le.PutUint32(rec[field+4:], uint32(len(v)))
	return to + copy(rec[to:], v)
}

// Finish completes the result and returns its frame, valid until the next Reset.
func (w *ResultWriter) Finish() []byte {
	groups := len(w.buf)
	w.buf = grow(w.buf, groupResultSize*len(w.groups))
	states := len(w.buf)
	w.buf = append(w.buf, w.states...)
	for i, g := range w.groups {
		rec := w.buf[groups+i*groupResultSize:]
		le.PutUint32(rec[grGroup:], g.group)
		le.PutUint32(rec[grDisposition:], g.disposition)
		le.PutUint32(rec[grState:], uint32(states)+g.at)
		le.PutUint32(rec[grStateLength:], g.length)
	}
	w.putHeader(statusFolded)
	le.PutUint32(w.buf[rGroupCount:], uint32(len(w.groups)))
	le.PutUint32(w.buf[rGroups:], uint32(groups))
	le.PutUint32(w.buf[rEffectCount:], uint32(w.effects))
	le.PutUint32(w.buf[rEffects:], resultHeaderSize)
	return w.buf
}

// Reject returns a result that says which event the guest could not fold, and
// why. Nothing else of the batch counts.
func (w *ResultWriter) Reject(event int, reason string) []byte {
	w.Reset()
	w.buf = append(w.buf, reason...)
	w.putHeader(statusRejected)
	le.PutUint32(w.buf[rErrorEvent:], uint32(event))
	le.PutUint32(w.buf[rErrorText:], resultHeaderSize)
	le.PutUint32(w.buf[rErrorTextLength:], uint32(len(reason)))
	return w.buf
}

func (w *ResultWriter) putHeader(status uint32) {
	le.PutUint32(w.buf[rMagic:], resultMagic)
	le.PutUint32(w.buf[rLength:], uint32(len(w.buf)))
	le.PutUint16(w.buf[rVersion:], Version)
	le.PutUint32(w.buf[rStatus:], status)
}
