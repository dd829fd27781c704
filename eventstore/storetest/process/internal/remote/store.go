package remote

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/rpc"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

var _ eventstore.Log = (*Store)(nil)

// Store is a store at the other end of a connection. When the connection ends,
// calls end with an error; an append's is an *eventstore.UnknownOutcomeError.
type Store struct{ client *rpc.Client }

// Dial returns the store that Serve serves at the other end.
func Dial(conn io.ReadWriteCloser) *Store { return &Store{rpc.NewClient(conn)} }

// call waits for an answer, but not longer than ctx.
func (s *Store) call(ctx context.Context, method string, in, out any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	call := s.client.Go("Store."+method, in, out, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		return call.Error
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Hello returns when the store is served.
func (s *Store) Hello() error { return s.call(context.Background(), "Hello", 0, new(int)) }

// Leave ends the connection. Calls that are under way end with an error.
func (s *Store) Leave() error {
	if err := s.client.Close(); !errors.Is(err, rpc.ErrShutdown) {
		return err
	}
	return nil // the other end was quicker
}

// Append implements eventstore.Log.
func (s *Store) Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error) {
	var out AppendAnswer
	if err := ctx.Err(); err != nil {
		return out.At, err
	}
	if err := s.call(ctx, "Append", AppendArgs{agg, wireExpectation(expected), events}, &out); err != nil {
		return eventstore.Appended{}, &eventstore.UnknownOutcomeError{Aggregate: agg, Err: err}
	}
	return out.At, out.Err.error()
}

func (s *Store) read(ctx context.Context, method string, in ReadArgs) (ReadAnswer, error) {
	out := new(ReadAnswer)
	if err := s.call(ctx, method, in, out); err != nil {
		return ReadAnswer{}, err
	}
	return *out, out.Err.error()
}

// Read implements eventstore.Log.
func (s *Store) Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	out, err := s.read(ctx, "Read", ReadArgs{Aggregate: agg, Version: from})
	return out.Events, err
}

// ReadAll implements eventstore.Log.
func (s *Store) ReadAll(ctx context.Context, from event.Position, limit int) ([]event.Recorded, error) {
	out, err := s.read(ctx, "ReadAll", ReadArgs{Position: from, Limit: limit})
	return out.Events, err
}

// Version implements eventstore.Log.
func (s *Store) Version(ctx context.Context, agg event.Aggregate) (event.Version, error) {
	out, err := s.read(ctx, "Version", ReadArgs{Aggregate: agg})
	return out.Version, err
}

// Head implements eventstore.Log.
func (s *Store) Head(ctx context.Context) (event.Position, error) {
	out, err := s.read(ctx, "Head", ReadArgs{})
	return out.Position, err
}

// Close implements eventstore.Log.
func (s *Store) Close() error {
	var out ReadAnswer
	if err := s.call(context.Background(), "Close", 0, &out); err != nil {
		return err
	}
	return out.Err.error()
}

// Follow implements eventstore.Log.
func (s *Store) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		var f HandleAnswer
		if err := s.call(ctx, "Follow", ReadArgs{Position: after}, &f); err != nil {
			if ctx.Err() == nil {
				yield(nil, err)
			}
			return
		}
		defer func() { _ = s.call(context.Background(), "Leave", f.Handle, new(int)) }() // it may be gone
		for {
			var next BatchAnswer
			err := s.call(ctx, "Next", f.Handle, &next)
			if err == nil {
				err = next.Err.error()
			}
			if ctx.Err() != nil || next.Done || !yield(next.Batch, err) || err != nil {
				return
			}
		}
	}
}

// bulk is an import at the other end.
type bulk struct {
	store  *Store
	handle int
}

// Bulk implements eventstore.Log.
func (s *Store) Bulk(ctx context.Context) (eventstore.Bulk, error) {
	b := &bulk{store: s}
	out, err := b.call(ctx, "Bulk", 0)
	b.handle = out.Handle
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (b *bulk) call(ctx context.Context, method string, in any) (HandleAnswer, error) {
	out := new(HandleAnswer)
	if err := b.store.call(ctx, method, in, out); err != nil {
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
