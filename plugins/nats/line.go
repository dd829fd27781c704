package nats

import (
	"context"
	"errors"
	"fmt"
	"time"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Connect makes a connection to the server that effects go to, with the caller's
// credentials. Its error may have the method Retryable, as an effect.RetryError.
type Connect func(opts ...client.Option) (*client.Conn, error)

// requestTimeout is how long an answer of the server may take.
const requestTimeout = 10 * time.Second

// line is a connection that ends when it is lost. The next call opens another one.
type line struct {
	lasting
	connect Connect
	name    string
	nc      *client.Conn
	js      jetstream.JetStream
	lost    chan struct{} // closed when nc is
	closed  bool
}

// open connects, if that has to be. fresh says that the connection is a new one.
func (l *line) open(opts ...jetstream.JetStreamOpt) (fresh bool, err error) {
	if l.closed {
		return false, ErrClosed
	}
	if l.nc != nil && !l.nc.IsClosed() {
		return false, nil
	}
	lost := make(chan struct{})
	l.nc, err = l.connect(client.Name(l.name), client.NoReconnect(), client.ErrorHandler(ignore),
		client.ClosedHandler(func(*client.Conn) { close(lost) }))
	l.lost = lost
	if err != nil {
		return false, err
	}
	l.js, err = jetstream.New(l.nc, append(opts, jetstream.WithDefaultTimeout(requestTimeout))...)
	return true, err
}

// ignore takes what the connection remembers as its last error, too.
func ignore(*client.Conn, *client.Subscription, error) {}

// end gives the connection up, and with it what is under way.
func (l *line) end() {
	if l.nc != nil {
		l.nc.Close()
		l.nc = nil
	}
}

// blame is err or, if the server has said so, that the credentials do not allow
// what was tried: the server answers nothing then.
func (l *line) blame(err error) error {
	if l.nc == nil {
		return err
	}
	if last := l.nc.LastError(); errors.Is(last, client.ErrPermissionViolation) && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("the credentials do not allow it: %w", last)
	}
	return err
}

// ErrClosed says that the executor has been closed.
var ErrClosed = errors.New("the executor is closed")

// lasting is the part of an executor that has neither transactions nor generations.
type lasting struct{}

// Position returns ok = false: the executor is not transactional.
func (lasting) Position() (p event.Position, ok bool) { return 0, false }

// Active returns true: there are no generations.
func (lasting) Active() bool { return true }

// Activate does nothing: there are no generations.
func (lasting) Activate(context.Context) error { return nil }

// Discard closes the executor: what it has brought to NATS stays.
func (l *line) Discard(context.Context) error { return l.Close() }

// Close ends the connection. Closing twice is fine.
func (l *line) Close() error {
	l.end()
	l.closed = true
	return nil
}

// retry says that what cannot be connected to passes, if it does.
func retry(err error) error {
	var r interface {
		error
		Retryable() (time.Duration, bool)
	}
	if errors.As(err, &r) || !passes(err) {
		return err
	}
	return &effect.RetryError{Err: err}
}
