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

	shared context.Context // what soon returns until stale
	stale  time.Time
	drop   context.CancelFunc
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
	l.shared = nil
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

// soonStep is how much longer than its limit a context of soon may last.
const soonStep = time.Second

// soon returns a context that ends after requestTimeout, or a little later, or
// when the connection is lost, with nats.ErrDisconnected as its cause. Requests
// share it, so that it costs them nothing.
func (l *link) soon() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.shared == nil || now.After(l.stale) {
		if l.drop != nil {
			time.AfterFunc(requestTimeout+soonStep, l.drop) // those that use it are done by then
		}
		l.shared, l.drop = context.WithTimeout(l.lost, requestTimeout+soonStep)
		l.stale = now.Add(soonStep)
	}
	return l.shared
}

// request sends m and waits for the answer.
func (s *Store) request(ctx context.Context, m *nats.Msg) (*nats.Msg, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w, err := s.callers.take()
	if err != nil {
		return nil, err
	}
	soon := s.link.soon()
	m.Reply = w.next()
	if err := s.nc.PublishMsg(m); err != nil {
		s.callers.drop(w)
		return nil, err
	}
	for err == nil {
		select {
		case answer := <-w.answer:
			if answer.Subject != m.Reply {
				continue // a second answer to an earlier request
			}
			s.callers.giveBack(w)
			if len(answer.Data) == 0 && answer.Header.Get("Status") == "503" {
				return nil, nats.ErrNoResponders
			}
			return answer, nil
		case <-ctx.Done():
			err = context.Cause(ctx)
		case <-soon.Done():
			err = context.Cause(soon)
		}
	}
	s.callers.drop(w)
	return nil, err
}
