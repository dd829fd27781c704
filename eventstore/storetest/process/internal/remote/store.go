package remote

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/rpc"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

var (
	_ eventstore.Log   = (*Log)(nil)
	_ eventstore.Store = (*Store)(nil)
)

// Log is a log at the other end of a connection. When the connection ends,
// calls end with an error; an append's is an *eventstore.UnknownOutcomeError.
type Log struct{ client *rpc.Client }

// Dial returns the log that Serve serves at the other end.
func Dial(conn io.ReadWriteCloser) *Log { return &Log{rpc.NewClient(conn)} }

// call waits for an answer, but not longer than ctx.
func (l *Log) call(ctx context.Context, method string, in, out any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	call := l.client.Go("Store."+method, in, out, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		return call.Error
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Hello returns when the log is served, as a Store if it is one.
func (l *Log) Hello() (eventstore.Log, error) {
	var isStore bool
	if err := l.call(context.Background(), "Hello", 0, &isStore); err != nil || !isStore {
		return l, err
	}
	return &Store{l}, nil
}

// Leave ends the connection. Calls that are under way end with an error.
func (l *Log) Leave() error {
	if err := l.client.Close(); !errors.Is(err, rpc.ErrShutdown) {
		return err
	}
	return nil // the other end was quicker
}

// Append implements eventstore.Log.
func (l *Log) Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error) {
	var out AppendAnswer
	if err := ctx.Err(); err != nil {
		return out.At, err
	}
	if err := l.call(ctx, "Append", AppendArgs{agg, wireExpectation(expected), events}, &out); err != nil {
		return eventstore.Appended{}, &eventstore.UnknownOutcomeError{Aggregate: agg, Err: err}
	}
	return out.At, out.Err.error()
}

func (l *Log) read(ctx context.Context, method string, in ReadArgs) (ReadAnswer, error) {
	out := new(ReadAnswer)
	if err := l.call(ctx, method, in, out); err != nil {
		return ReadAnswer{}, err
	}
	return *out, out.Err.error()
}

// Read implements eventstore.Log.
func (l *Log) Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	out, err := l.read(ctx, "Read", ReadArgs{Aggregate: agg, Version: from})
	return out.Events, err
}

// ReadAll implements eventstore.Log.
func (l *Log) ReadAll(ctx context.Context, from event.Position, limit int) ([]event.Recorded, error) {
	out, err := l.read(ctx, "ReadAll", ReadArgs{Position: from, Limit: limit})
	return out.Events, err
}

// Version implements eventstore.Log.
func (l *Log) Version(ctx context.Context, agg event.Aggregate) (event.Version, error) {
	out, err := l.read(ctx, "Version", ReadArgs{Aggregate: agg})
	return out.Version, err
}

// Head implements eventstore.Log.
func (l *Log) Head(ctx context.Context) (event.Position, error) {
	out, err := l.read(ctx, "Head", ReadArgs{})
	return out.Position, err
}

// Close implements eventstore.Log.
func (l *Log) Close() error {
	var out ReadAnswer
	if err := l.call(context.Background(), "Close", 0, &out); err != nil {
		return err
	}
	return out.Err.error()
}

// Follow implements eventstore.Log.
func (l *Log) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		var f HandleAnswer
		if err := l.call(ctx, "Follow", ReadArgs{Position: after}, &f); err != nil {
			if ctx.Err() == nil {
				yield(nil, err)
			}
			return
		}
		defer func() { _ = l.call(context.Background(), "Leave", f.Handle, new(int)) }() // it may be gone
		for {
			var next BatchAnswer
			err := l.call(ctx, "Next", f.Handle, &next)
			if err == nil {
				err = next.Err.error()
			}
			if ctx.Err() != nil || next.Done || !yield(next.Batch, err) || err != nil {
				return
			}
		}
	}
}

// Store is a Log that also answers queries.
type Store struct{ *Log }

// ReadCorrelation implements eventstore.Store.
func (s *Store) ReadCorrelation(ctx context.Context, id uuid.UUID) ([]event.Recorded, error) {
	out, err := s.read(ctx, "ReadCorrelation", ReadArgs{ID: id})
	return out.Events, err
}

// ReadTimeRange implements eventstore.Store.
func (s *Store) ReadTimeRange(ctx context.Context, agg event.Aggregate, from, to time.Time) ([]event.Recorded, error) {
	out, err := s.read(ctx, "ReadTimeRange", ReadArgs{Aggregate: agg, From: from, To: to})
	return out.Events, err
}

// bulk is an import at the other end.
type bulk struct {
	log    *Log
	handle int
}

// Bulk implements eventstore.Log.
func (l *Log) Bulk(ctx context.Context) (eventstore.Bulk, error) {
	b := &bulk{log: l}
	out, err := b.call(ctx, "Bulk", 0)
	b.handle = out.Handle
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (b *bulk) call(ctx context.Context, method string, in any) (HandleAnswer, error) {
	out := new(HandleAnswer)
	if err := b.log.call(ctx, method, in, out); err != nil {
		return HandleAnswer{}, err
	}
	return *out, out.Err.error()
}

// Add implements eventstore.Bulk.
func (b *bulk) Add(ctx context.Context, e event.Event) (bool, error) {
	out, err := b.call(ctx, "Add", AddArgs{b.handle, e})
	return out.OK, err
}

// Flush implements eventstore.Bulk.
func (b *bulk) Flush(ctx context.Context) error {
	_, err := b.call(ctx, "Flush", b.handle)
	return err
}

// Close implements eventstore.Bulk.
func (b *bulk) Close() error {
	_, err := b.call(context.Background(), "CloseBulk", b.handle)
	return err
}
