package jetstream

import (
	"context"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go"

	"github.com/refold-dev/refold/domain/event"
)

// maxBulkAttempts bounds how often the same events are tried.
const maxBulkAttempts = 16

// bulkLimit is how many events may be under way at once.
func (s *Store) bulkLimit() int {
	if s.chains {
		return maxChain
	}
	return MaxAppend
}

// bulkStep is how many events are passed on at once.
func (s *Store) bulkStep() int {
	if s.chains {
		return 64
	}
	return MaxAppend
}

// send sends all pending events and, if drain says so, waits until they are
// stored. They may not be on disk.
func (b *bulk) send(ctx context.Context, drain bool) error {
	if b.failed == nil {
		b.failed = b.store.flusher.refusal()
	}
	for attempt := 0; b.failed == nil && (len(b.pending) > b.sent || drain && len(b.pending) > 0); attempt++ {
		before := len(b.pending)
		retry, err := b.attempt(ctx, drain)
		switch {
		case err == nil:
		case !retry || attempt == maxBulkAttempts:
			b.failed = b.store.explain("importing events", err)
		case stale(err):
			b.limit, b.luck = fewer(b.limit, before-len(b.pending)), 0
		case dropped(err):
			pause(ctx, droppedPause)
		}
		if len(b.pending) < before {
			attempt = -1
		}
	}
	return b.failed
}

// minChain is how many events are worth a chain between two of other writers.
const minChain = 8

// fewer returns how many events to send after others came between: about as
// many as there was room for, or half as many as before if there was none.
func fewer(limit, stored int) int {
	if stored > 0 {
		return min(max(2*stored, minChain), limit)
	}
	return max(limit/2, 1)
}

// attempt sends pending events until something is in the way. That may be
// somebody else's event, or an answer may be lost: the log shows what came of
// it, and what is still pending can be tried again.
func (b *bulk) attempt(ctx context.Context, drain bool) (retry bool, err error) {
	confirmed := b.through
	if b.store.chains && b.limit > 1 {
		err = b.sendChain(ctx, drain)
	} else {
		confirmed, err = b.sendBatch(ctx, b.pending[:min(b.limit, len(b.pending))])
	}
	if err == nil && confirmed <= b.through {
		return false, nil
	}
	promised := b.callOff()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if refusal := b.store.flusher.unanswered(ctx, err); refusal != nil {
		return false, refusal
	}
	if readErr := b.catchUp(ctx, promised); readErr != nil {
		return false, readErr
	}
	if err == nil && b.through < confirmed {
		return false, fmt.Errorf("the log lacks events that the server confirmed, up to position %d", confirmed)
	}
	return true, err
}

// chainWindows is how many times as many events are in a chain as may be under
// way: where it fails, what is stored of it is read.
const chainWindows = 16

// sendChain continues the chain with all pending events, or begins one. As the
// server says what it has stored in steps, the chain is ended where no step is
// left that one could wait for.
func (b *bulk) sendChain(ctx context.Context, drain bool) (err error) {
	for b.sent < len(b.pending) {
		for b.sent >= b.limit || b.sent > 0 && b.size >= maxBulkBytes {
			if err := b.makeRoom(ctx); err != nil {
				return err
			}
		}
		if b.chain == nil {
			if b.chain, err = b.store.newChain(b.through, b.limit); err != nil {
				return err
			}
		}
		e := &b.pending[b.sent]
		if err := b.chain.send(e, b.count(e)); err != nil {
			return err
		}
	}
	if drain && b.chain != nil {
		return b.endChain(ctx)
	}
	return nil
}

// makeRoom waits until events that are under way are stored. After enough of
// them, more may be under way, in another chain.
func (b *bulk) makeRoom(ctx context.Context) error {
	if b.sent < b.chain.flow || len(b.counted) >= chainWindows*b.limit {
		return b.endChain(ctx)
	}
	err := b.chain.progress(ctx)
	b.stored(b.sent - b.chain.underWay())
	if err == nil && b.limit < b.store.bulkLimit() && b.luck >= b.limit {
		if err = b.endChain(ctx); err == nil {
			b.limit, b.luck = min(2*b.limit, b.store.bulkLimit()), 0
		}
	}
	return err
}

func (b *bulk) endChain(ctx context.Context) error {
	err := b.chain.end(ctx)
	b.stored(b.sent - b.chain.underWay())
	if err == nil {
		b.inPlace()
		b.chain.close()
		b.chain = nil
	}
	return err
}

// sendBatch stores events at once, or none of them, and returns the sequence of
// the last one. Where that is not the foreseen one, they are still pending.
func (b *bulk) sendBatch(ctx context.Context, events []event.Event) (last uint64, err error) {
	if len(events) == 1 {
		b.count(&events[0])
		at, appendErr := b.store.Append(ctx, events[0].Aggregate, event.Any(), events...)
		last, err = uint64(at.Position), appendErr
	} else {
		last, err = b.publishBatch(ctx, events)
	}
	if err == nil && last == b.through+uint64(len(events)) {
		b.stored(len(events))
		b.inPlace()
		b.limit = min(2*b.limit, b.store.bulkLimit())
	}
	return last, err
}

func (b *bulk) publishBatch(ctx context.Context, events []event.Event) (last uint64, err error) {
	messages := make([]*nats.Msg, len(events))
	for i := range events {
		agg := events[i].Aggregate
		at := b.heads[agg]
		if messages[i], err = b.store.message(&events[i], b.count(&events[i])); err != nil {
			return 0, err
		}
		if at.sequence <= b.through { // the aggregate's first event of the batch
			b.store.expect(messages[i], agg, at)
		}
	}
	a, err := b.store.publishBatch(ctx, messages)
	return a.Sequence, err
}

// count counts an event in heads as the next one sent, and returns its version.
func (b *bulk) count(e *event.Event) event.Version {
	at := b.heads[e.Aggregate]
	b.counted = append(b.counted, counted{e.ID, e.Aggregate, at})
	b.sent++
	b.heads[e.Aggregate] = head{at.version + 1, b.through + uint64(len(b.counted))}
	return at.version + 1
}

// stored notes that the first n pending events are in the log.
func (b *bulk) stored(n int) {
	b.sent -= n
	b.luck += n
	b.setPending(slices.Delete(b.pending, 0, n))
}

// inPlace notes that the events counted are where they were foreseen.
func (b *bulk) inPlace() {
	b.through += uint64(len(b.counted))
	b.counted = b.counted[:0]
}

// callOff takes back what was counted, and returns those of the events that the
// server has confirmed. The others may be in the log as well, or get there yet.
func (b *bulk) callOff() (promised []counted) {
	if b.chain != nil {
		b.chain.close()
		b.chain = nil
	}
	for _, c := range slices.Backward(b.counted) {
		b.heads[c.aggregate] = c.was
	}
	promised = b.counted[:len(b.counted)-b.sent]
	b.counted, b.sent = nil, 0
	return promised
}
