package jetstream

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream/internal/barrier"
	"github.com/refold-dev/refold/eventstore/jetstream/internal/groupsync"
)

// flusher brings the stream to disk where the server leaves that to its
// clients. Elsewhere an acknowledgement says all there is to say, and it does
// nothing.
type flusher struct {
	group   *groupsync.Group // nil if there is nothing to do
	health  func(ctx context.Context) error
	durable atomic.Uint64 // the stream is known to be on disk through this sequence
	failed  atomic.Pointer[eventstore.FlushError]
}

// flushTimeout bounds one flush. A disk under load can take its time.
const flushTimeout = 30 * time.Second

// init makes the flusher work on a stream. The first flush makes the stream's
// own description durable.
func (f *flusher) init(ctx context.Context, nc *nats.Conn, stream string, l *link) error {
	f.group = groupsync.New(func() error {
		ctx, cancel := l.bound(context.Background(), flushTimeout)
		defer cancel()
		return barrier.Ask(ctx, nc, stream)
	})
	f.health = func(ctx context.Context) error { return barrier.Health(ctx, nc, stream) }
	return f.flush(ctx, 0)
}

// refusal returns why nothing can be appended any more.
func (f *flusher) refusal() error {
	if failed := f.failed.Load(); failed != nil {
		return failed
	}
	return nil
}

// owes reports whether a flush through a sequence has something to do.
func (f *flusher) owes(through uint64) bool {
	return f.group != nil && (through == 0 || f.durable.Load() < through)
}

// flush returns when the stream is on disk through a sequence that the server
// has acknowledged or delivered.
func (f *flusher) flush(ctx context.Context, through uint64) error {
	if !f.owes(through) {
		return nil
	}
	err := f.group.Sync(ctx)
	if refusal := f.refusedBy(err); refusal != nil {
		return refusal
	}
	if err != nil {
		return fmt.Errorf("flushing the log to disk: %w", err)
	}
	for known := f.durable.Load(); known < through && !f.durable.CompareAndSwap(known, through); known = f.durable.Load() {
	}
	return nil
}

// refusedBy remembers, and returns, why nothing can be appended any more, if an error
// is about that.
func (f *flusher) refusedBy(err error) error {
	var refused *barrier.RefusedError
	if !errors.As(err, &refused) {
		return nil
	}
	f.failed.CompareAndSwap(nil, &eventstore.FlushError{Reason: refused.Reason})
	return f.failed.Load()
}

// unanswered returns why the server does not answer a publish, if that is because it
// can write no more.
func (f *flusher) unanswered(ctx context.Context, err error) error {
	if f.group == nil || !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return f.refusedBy(f.health(ctx)) // no answer is no news
}

// flushAppend makes an append durable before it is acknowledged.
func (s *Store) flushAppend(ctx context.Context, agg event.Aggregate, at eventstore.Appended) error {
	err := s.flusher.flush(ctx, uint64(at.Position))
	var failed *eventstore.FlushError
	if err == nil || errors.As(err, &failed) {
		return err
	}
	return &eventstore.UnknownOutcomeError{Aggregate: agg, Err: err}
}
