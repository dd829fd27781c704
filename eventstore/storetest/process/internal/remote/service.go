package remote

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/rpc"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// The arguments and answers of the calls. Err of an answer is the store's
// error; an error of the call itself is the connection's.
type (
	AppendArgs struct {
		Aggregate event.Aggregate
		Expected  Expected
		Events    []event.Event
	}
	AppendAnswer struct {
		At  eventstore.Appended
		Err *Error
	}
	ReadArgs struct {
		Aggregate event.Aggregate
		Version   event.Version
		Position  event.Position
		Limit     int
		ID        uuid.UUID
		From, To  time.Time
	}
	ReadAnswer struct {
		Events   []event.Recorded
		Version  event.Version
		Position event.Position
		Err      *Error
	}
	BatchAnswer struct {
		Batch []event.Recorded
		Done  bool
		Err   *Error
	}
	AddArgs struct {
		Handle int
		Event  event.Event
	}
	HandleAnswer struct {
		Handle int
		OK     bool
		Err    *Error
	}
)

// Serve calls the store for the client at the other end, until that one leaves
// and closes the connection.
func Serve(store eventstore.Log, conn io.ReadWriteCloser) error {
	server := rpc.NewServer()
	s := &service{store: store, follows: newHandles[*following](), bulks: newHandles[eventstore.Bulk]()}
	if err := server.RegisterName("Store", s); err != nil {
		return err
	}
	server.ServeConn(conn)
	return nil
}

// service is a log as net/rpc wants it.
type service struct {
	store   eventstore.Log
	follows *handles[*following]
	bulks   *handles[eventstore.Bulk]
}

var ctx = context.Background()

// Hello is answered once there is a log: whether it is a Store.
func (s *service) Hello(_ int, isStore *bool) error {
	_, *isStore = s.store.(eventstore.Store)
	return nil
}

func (s *service) Append(in AppendArgs, out *AppendAnswer) error {
	at, err := s.store.Append(ctx, in.Aggregate, in.Expected.expected(), in.Events...)
	*out = AppendAnswer{at, wire(err)}
	return nil
}

func (s *service) Read(in ReadArgs, out *ReadAnswer) error {
	events, err := s.store.Read(ctx, in.Aggregate, in.Version)
	*out = ReadAnswer{Events: events, Err: wire(err)}
	return nil
}

func (s *service) ReadAll(in ReadArgs, out *ReadAnswer) error {
	events, err := s.store.ReadAll(ctx, in.Position, in.Limit)
	*out = ReadAnswer{Events: events, Err: wire(err)}
	return nil
}

func (s *service) ReadCorrelation(in ReadArgs, out *ReadAnswer) error {
	events, err := s.store.(eventstore.Store).ReadCorrelation(ctx, in.ID)
	*out = ReadAnswer{Events: events, Err: wire(err)}
	return nil
}

func (s *service) ReadTimeRange(in ReadArgs, out *ReadAnswer) error {
	events, err := s.store.(eventstore.Store).ReadTimeRange(ctx, in.Aggregate, in.From, in.To)
	*out = ReadAnswer{Events: events, Err: wire(err)}
	return nil
}

func (s *service) Version(in ReadArgs, out *ReadAnswer) error {
	version, err := s.store.Version(ctx, in.Aggregate)
	*out = ReadAnswer{Version: version, Err: wire(err)}
	return nil
}

func (s *service) Head(_ ReadArgs, out *ReadAnswer) error {
	head, err := s.store.Head(ctx)
	*out = ReadAnswer{Position: head, Err: wire(err)}
	return nil
}

func (s *service) Close(_ int, out *ReadAnswer) error {
	out.Err = wire(s.store.Close())
	return nil
}

// following is a loop over Follow, turned inside out.
type following struct {
	mu     sync.Mutex // held while the loop runs
	next   func() ([]event.Recorded, error, bool)
	stop   func()
	cancel context.CancelFunc
}

func (s *service) Follow(in ReadArgs, out *HandleAnswer) error {
	ctx, cancel := context.WithCancel(ctx)
	f := &following{cancel: cancel}
	f.next, f.stop = iter.Pull2(s.store.Follow(ctx, in.Position))
	out.Handle = s.follows.add(f)
	return nil
}

func (s *service) Next(handle int, out *BatchAnswer) error {
	f, ok := s.follows.get(handle)
	if !ok {
		return errors.New("there is no such follower")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	batch, err, more := f.next()
	*out = BatchAnswer{batch, !more, wire(err)}
	return nil
}

func (s *service) Leave(handle int, _ *int) error {
	f, ok := s.follows.remove(handle)
	if ok {
		f.cancel()
		f.mu.Lock()
		defer f.mu.Unlock()
		f.stop()
	}
	return nil
}

func (s *service) Bulk(_ int, out *HandleAnswer) error {
	b, err := s.store.Bulk(ctx)
	if err == nil {
		out.Handle = s.bulks.add(b)
	}
	out.Err = wire(err)
	return nil
}

func (s *service) Add(in AddArgs, out *HandleAnswer) error {
	return s.bulk(in.Handle, out, func(b eventstore.Bulk) (err error) {
		out.OK, err = b.Add(ctx, in.Event)
		return err
	})
}

func (s *service) Flush(handle int, out *HandleAnswer) error {
	return s.bulk(handle, out, func(b eventstore.Bulk) error { return b.Flush(ctx) })
}

func (s *service) CloseBulk(handle int, out *HandleAnswer) error {
	return s.bulk(handle, out, eventstore.Bulk.Close)
}

func (s *service) bulk(handle int, out *HandleAnswer, do func(eventstore.Bulk) error) error {
	b, ok := s.bulks.get(handle)
	if !ok {
		return errors.New("there is no such import")
	}
	out.Err = wire(do(b))
	return nil
}

// handles names things by numbers.
type handles[T any] struct {
	mu     sync.Mutex
	last   int
	things map[int]T
}

func newHandles[T any]() *handles[T] { return &handles[T]{things: make(map[int]T)} }

func (h *handles[T]) add(thing T) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	h.things[h.last] = thing
	return h.last
}

func (h *handles[T]) get(handle int) (T, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	thing, ok := h.things[handle]
	return thing, ok
}

func (h *handles[T]) remove(handle int) (T, bool) {
	thing, ok := h.get(handle)
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.things, handle)
	return thing, ok
}
