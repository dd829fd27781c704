package frame

import "iter"

// BatchedEffect is an effect on its way to an executor.
type BatchedEffect struct {
	Kind  EffectKind
	Level uint16 // of a Log: 0 debug, 1 info, 2 warn, 3 error
	// Cause is the position of the event that caused it, Ordinal its place among
	// those of that event, ID what identifies it for ever.
	Cause   uint64
	Ordinal uint32
	ID      [16]byte
	// CauseID, CorrelationID and Time are those of the event; Time is in Unix
	// nanoseconds.
	CauseID, CorrelationID [16]byte
	Time                   int64
	Name                   []byte
	Key                    []byte
	Body                   []byte
}

// EffectBatchHeader is what a batch of effects says beside them.
type EffectBatchHeader struct {
	Pipeline   string
	Generation uint64
	// After and Through bound the positions of the events that the batch is of.
	After, Through uint64
}

// EffectBatchWriter builds a batch of effects. Use: Reset, then any Add, then
// Finish. It reuses its memory.
type EffectBatchWriter struct {
	buf    []byte
	header EffectBatchHeader
	count  int
}

// Reset starts a batch.
func (w *EffectBatchWriter) Reset(h EffectBatchHeader) {
	if w.buf == nil {
		w.buf = make([]byte, 0, 16<<10)
	}
	w.buf = w.buf[:effectBatchHeaderSize]
	clear(w.buf)
	w.header, w.count = h, 0
}

// Count is the number of effects added since Reset.
func (w *EffectBatchWriter) Count() int { return w.count }

// Fits reports whether a batch with e, too, is no larger than MaxSize.
func (w *EffectBatchWriter) Fits(e *BatchedEffect) bool {
	return len(w.buf)+e.size()+align(len(w.header.Pipeline)) <= MaxSize
}

func (e *BatchedEffect) size() int {
	return align(batchedEffectHeaderSize + len(e.Name) + len(e.Key) + len(e.Body))
}

// Add adds an effect; its bytes are copied.
func (w *EffectBatchWriter) Add(e *BatchedEffect) {
	at := len(w.buf)
	w.buf = grow(w.buf, e.size())
	rec := w.buf[at:]
	le.PutUint32(rec[beLength:], uint32(len(rec)))
	le.PutUint16(rec[beKind:], uint16(e.Kind))
	le.PutUint16(rec[beLevel:], e.Level)
	le.PutUint64(rec[beCause:], e.Cause)
	copy(rec[beID:], e.ID[:])
	copy(rec[beCauseID:], e.CauseID[:])
	copy(rec[beCorrelation:], e.CorrelationID[:])
	le.PutUint64(rec[beTime:], uint64(e.Time))
	le.PutUint32(rec[beOrdinal:], e.Ordinal)
	to := batchedEffectHeaderSize
	to = putText(rec, beName, to, e.Name)
	to = putText(rec, beKey, to, e.Key)
	putText(rec, beBody, to, e.Body)
	w.count++
}

// Finish completes the batch and returns its frame, valid until the next Reset. A
// batch over MaxSize is a *FormatError.
func (w *EffectBatchWriter) Finish() ([]byte, error) {
	effects, pipeline := len(w.buf)-effectBatchHeaderSize, len(w.buf)
	w.buf = append(w.buf, w.header.Pipeline...)
	w.buf = grow(w.buf, align(len(w.buf))-len(w.buf))
	if len(w.buf) > MaxSize {
		return nil, &FormatError{Frame: "effects", Reason: "is larger than 64 MiB"}
	}
	h := w.buf[:effectBatchHeaderSize]
	le.PutUint32(h, effectBatchMagic)
	le.PutUint32(h[ebLength:], uint32(len(w.buf)))
	le.PutUint16(h[ebVersion:], Version)
	le.PutUint32(h[ebCount:], uint32(w.count))
	le.PutUint64(h[ebGeneration:], w.header.Generation)
	le.PutUint64(h[ebAfter:], w.header.After)
	le.PutUint64(h[ebThrough:], w.header.Through)
	le.PutUint32(h[ebPipeline:], uint32(pipeline))
	le.PutUint32(h[ebPipelineLength:], uint32(len(w.header.Pipeline)))
	le.PutUint32(h[ebEffects:], effectBatchHeaderSize)
	le.PutUint32(h[ebEffectsLength:], uint32(effects))
	return w.buf, nil
}

// EffectBatch reads a batch of effects in place.
type EffectBatch struct {
	b []byte
}

// OpenEffectBatch checks a batch of effects and returns its reader. The error is a
// *FormatError. b may be longer than the frame.
func OpenEffectBatch(b []byte) (EffectBatch, error) {
	c := checker{frame: "effects"}
	b, ok := c.header(b, effectBatchHeaderSize, effectBatchMagic, ebLength, ebVersion)
	if !ok {
		return EffectBatch{}, c.err
	}
	if !spans(le.Uint32(b[ebPipeline:]), le.Uint32(b[ebPipelineLength:]), effectBatchHeaderSize, uint32(len(b))) {
		c.fail("", "has the pipeline's name outside the frame")
	}
	c.batchedEffects(b)
	if c.err != nil {
		return EffectBatch{}, c.err
	}
	return EffectBatch{b}, nil
}

// TrustEffectBatch returns the reader of a frame of which it checks nothing but the
// header: for a guest, whose host has written the frame. On another that breaks the
// layout, the reader's methods may panic.
func TrustEffectBatch(b []byte) (EffectBatch, error) {
	c := checker{frame: "effects"}
	b, ok := c.header(b, effectBatchHeaderSize, effectBatchMagic, ebLength, ebVersion)
	if !ok {
		return EffectBatch{}, c.err
	}
	return EffectBatch{b}, nil
}

// batchedEffects checks the records: one behind the other, they fill their part of
// the frame.
func (c *checker) batchedEffects(b []byte) {
	at, length := le.Uint32(b[ebEffects:]), le.Uint32(b[ebEffectsLength:])
	if at%8 != 0 || !spans(at, length, effectBatchHeaderSize, uint32(len(b))) {
		c.fail("effects", "do not fit the frame")
		return
	}
	count, end := le.Uint32(b[ebCount:]), at+length
	for i := uint32(0); i < count && c.err == nil; i++ {
		at = c.batchedEffect(b, at, end, int(i))
	}
	if c.err == nil && at != end {
		c.fail("effects", "are not as many as the header says")
	}
}

// batchedEffect checks one record and returns the offset behind it.
func (c *checker) batchedEffect(b []byte, at, end uint32, index int) uint32 {
	if end-at < batchedEffectHeaderSize {
		c.fail(part("effect", index), "is shorter than its header")
		return at
	}
	length := le.Uint32(b[at:])
	if length < batchedEffectHeaderSize || length%8 != 0 || length > end-at {
		c.fail(part("effect", index), "has a length that does not fit the frame")
		return at
	}
	rec := b[at : at+length]
	kind := EffectKind(le.Uint16(rec[beKind:]))
	switch {
	case kind < Insert || kind > EmitEvent:
		c.fail(part("effect", index), "has an unknown kind")
	case le.Uint16(rec[beLevel:]) > 3:
		c.fail(part("effect", index), "has an unknown level")
	}
	for _, field := range [...]int{beName, beKey, beBody} {
		if !spans(le.Uint32(rec[field:]), le.Uint32(rec[field+4:]), batchedEffectHeaderSize, length) {
			c.fail(part("effect", index), "has a text outside the record")
		}
	}
	return at + length
}

// Header is what the batch says beside its effects.
func (b EffectBatch) Header() EffectBatchHeader {
	return EffectBatchHeader{
		Pipeline:   string(text(b.b, ebPipeline)),
		Generation: le.Uint64(b.b[ebGeneration:]),
		After:      le.Uint64(b.b[ebAfter:]),
		Through:    le.Uint64(b.b[ebThrough:]),
	}
}

// Count is the number of effects.
func (b EffectBatch) Count() int { return int(le.Uint32(b.b[ebCount:])) }

// Effects yields the effects in order, with their indexes.
func (b EffectBatch) Effects() iter.Seq2[int, BatchedEffect] {
	return func(yield func(int, BatchedEffect) bool) {
		at := le.Uint32(b.b[ebEffects:])
		for i := range b.Count() {
			length := le.Uint32(b.b[at:])
			if !yield(i, batchedEffect(b.b[at:at+length:at+length])) {
				return
			}
			at += length
		}
	}
}

func batchedEffect(rec []byte) BatchedEffect {
	return BatchedEffect{
		Kind:          EffectKind(le.Uint16(rec[beKind:])),
		Level:         le.Uint16(rec[beLevel:]),
		Cause:         le.Uint64(rec[beCause:]),
		Ordinal:       le.Uint32(rec[beOrdinal:]),
		ID:            [16]byte(rec[beID:]),
		CauseID:       [16]byte(rec[beCauseID:]),
		CorrelationID: [16]byte(rec[beCorrelation:]),
		Time:          int64(le.Uint64(rec[beTime:])),
		Name:          text(rec, beName),
		Key:           text(rec, beKey),
		Body:          text(rec, beBody),
	}
}
