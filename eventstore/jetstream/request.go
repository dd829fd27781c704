package jetstream

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// link ends requests when the connection they wait on is lost: their answers
// will not come. Requests made while it is lost wait for the next connection.
type link struct {
	mu   sync.Mutex
	lost context.Context
	cut  context.CancelCauseFunc
}

func newLink() *link {
	l := &link{}
	l.lost, l.cut = context.WithCancelCause(context.Background())
	return l
}

// disconnected ends the requests that are under way.
func (l *link) disconnected() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut(nats.ErrDisconnected)
	l.lost, l.cut = context.WithCancelCause(context.Background())
}

// current returns a context that ends when the connection of now is lost.
func (l *link) current() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// bound returns ctx with a time limit, which also ends when the connection is
// lost, with nats.ErrDisconnected as its cause.
func (l *link) bound(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	lost := l.current()
	ctx, cut := context.WithCancelCause(ctx)
	stop := context.AfterFunc(lost, func() { cut(nats.ErrDisconnected) })
	ctx, cancel := context.WithTimeout(ctx, limit)
	return ctx, func() {
		stop()
		cancel()
		cut(nil)
	}
}

// request sends m and waits for the answer.
func (s *Store) request(ctx context.Context, m *nats.Msg) (*nats.Msg, error) {
	ctx, cancel := s.link.bound(ctx, requestTimeout)
	defer cancel()
	reply, err := s.nc.RequestMsgWithContext(ctx, m)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return reply, err
}
