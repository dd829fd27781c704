package archive

import (
	"errors"
	"fmt"
	"slices"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// maxWrite is the size from which an append is split into several writes.
const maxWrite = 4 << 20

// Append adds events as the log has them, whose positions must follow the head
// without a hole: if not, nothing is written and the error is a *eventstore.GapError, or a
// *eventstore.VersionGapError if versions have a hole that shows within the
// active segment. The events become one block, or several if they are many or
// large, in one write up to 4 MiB. An event that the catalog cannot make current
// is a *catalog.NewerSchemaError, *catalog.UpcastError or
// *catalog.UnknownTypeError. An append that goes wrong half way has added the
// events up to Head.
func (a *Archive) Append(events []event.Recorded) error {
	a.writing.Lock()
	defer a.writing.Unlock()
	head, _, err := a.watch()
	if err == nil {
		err = a.broken
	}
	if err == nil && a.opts.ReadOnly {
		err = errors.New("it was opened to be read")
	}
	if err != nil {
		return fmt.Errorf("appending to the archive: %w", err)
	}
	for i := range events {
		if want := head + 1 + event.Position(i); events[i].Position != want {
			return fmt.Errorf("appending to the archive: %w", &eventstore.GapError{Expected: want, Actual: events[i].Position})
		}
	}
	p, outdated := pair(a.opts.Catalog, events)
	for len(p.current) > 0 {
		n, err := a.appendSome(p)
		if err != nil {
			return fmt.Errorf("appending to the archive at position %d: %w", p.current[0].Position, err)
		}
		p = p.from(n)
	}
	if outdated != nil {
		return fmt.Errorf("appending to the archive: %w", outdated)
	}
	return nil
}

// appendSome adds the first of the events, as many as go into one write, and
// returns how many those are.
func (a *Archive) appendSome(p paired) (int, error) {
	act, err := a.room()
	if err != nil {
		return 0, err
	}
	w := written{chain: act.chain, bytes: a.buf[:0]}
	for w.events == 0 || len(p.current) > w.events && len(w.bytes) < maxWrite && act.size+int64(len(w.bytes)) < a.opts.SegmentBytes {
		if err := w.add(&a.encoder, p.from(w.events)); err != nil {
			return 0, err
		}
	}
	a.buf = w.bytes
	if expected, wrong := act.index.checkVersions(p.current[:w.events]); wrong != nil {
		return 0, &eventstore.VersionGapError{Aggregate: wrong.Aggregate, Position: wrong.Position, Expected: expected, Actual: wrong.Version}
	}
	if err := a.write(act, w.bytes); err != nil {
		return 0, err
	}
	if err := act.take(&w); err != nil {
		a.broken = err
		return 0, err
	}
	a.publish(act.next - 1)
	return w.events, nil
}

// written is what one write holds.
type written struct {
	bytes  []byte
	blocks []blockHeader
	events int
	chain  chain
}

func (w *written) add(e *encoder, p paired) (err error) {
	var h blockHeader
	w.bytes, h, err = e.block(w.bytes, w.chain, p)
	if err == nil {
		w.blocks = append(w.blocks, h)
		w.events += int(h.count)
		w.chain = h.chain
	}
	return err
}

// take indexes what was written.
func (act *active) take(w *written) error {
	rest := w.bytes
	for _, h := range w.blocks {
		k, err := openBlock(rest[:h.length])
		if err == nil {
			err = act.index.add(uint32(act.size), &k)
		}
		if err != nil {
			return err
		}
		rest = rest[h.length:]
		act.size += int64(h.length)
		act.next, act.chain = h.end(), h.chain
		act.span.include(timeSpan{h.minTime, h.maxTime})
	}
	return nil
}

// write appends to the active segment's file, or leaves it as it was.
func (a *Archive) write(act *active, b []byte) error {
	_, err := act.file.Write(b)
	if err == nil {
		return nil
	}
	if undo := a.fs.Truncate(act.name(), act.size); undo != nil {
		a.broken = errors.Join(err, undo)
	}
	return err
}

// publish lets readers see the events up to head.
func (a *Archive) publish(head event.Position) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.head = head
	close(a.grown)
	a.grown = make(chan struct{})
}

// room returns the active segment, after beginning a new one where there is
// none or it is full.
func (a *Archive) room() (*active, error) {
	if a.active != nil && a.active.size >= a.opts.SegmentBytes && a.active.next > a.active.header.first {
		if err := a.seal(); err != nil {
			return nil, fmt.Errorf("sealing %s: %w", a.active.name(), err)
		}
	}
	if a.active == nil {
		if err := a.begin(); err != nil {
			return nil, fmt.Errorf("beginning %s: %w", segmentName(a.head+1), err)
		}
	}
	return a.active, nil
}

// begin makes a new segment.
func (a *Archive) begin() error {
	h := segmentHeader{first: a.head + 1, before: a.endChain(), digest: a.opts.Catalog.Digest()}
	file, err := a.fs.Create(segmentName(h.first))
	if err != nil {
		return err
	}
	_, err = file.Write(h.append(nil))
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = a.fs.Sync()
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	index := newMemIndex(h.first)
	index.reserve(a.last)
	act := newActive(file, &scan{
		header: h, index: index, end: segmentHeaderSize, next: h.first, chain: h.before, span: newTimeSpan(),
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.active = act
	return nil
}

// seal completes the active segment. Its index is written at once, since it is
// in memory; if that goes wrong, it is built when it is needed.
func (a *Archive) seal() error {
	act := a.active
	s := act.sealed()
	encoded := make(chan []byte, 1)
	go func() { encoded <- act.index.encode(s.size, s.chain) }() // while the disk is at work
	err := a.writeSeal(act)
	index := <-encoded // in any case: what is encoded must not change
	if err != nil {
		return err
	}
	if err := a.files.writeIndex(s, index); err != nil {
		a.opts.Logger.Warn("writing the index of an archive segment", "segment", s.name(), "reason", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sealed = append(slices.Clip(a.sealed), s)
	a.active = nil
	a.last = act.index.size()
	act.release()
	a.sealedOne()
	return nil
}

// writeSeal writes the active segment's seal, between two syncs.
func (a *Archive) writeSeal(act *active) error {
	if err := act.file.Sync(); err != nil { // before there is a seal that vouches for it
		a.broken = err // what the file holds now is unknown
		return err
	}
	h := sealOf(act.header.first, act.next, act.span, act.chain)
	b := make([]byte, blockHeaderSize)
	h.put(b)
	if err := a.write(act, b); err != nil {
		return err
	}
	err := act.file.Sync()
	if err != nil {
		a.broken = err
	}
	return err
}
