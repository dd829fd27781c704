package barrier

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
)

// ServerName is how a NATS server calls itself whose appends are durable only
// after a barrier. A client learns it when it connects.
const ServerName = "refold-flush-on-request"

// RefusedError is an answer that nothing can be said to be on disk.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return e.Reason }

// Before a stream's name these are where requests go. No stream of events covers
// them: the prefix of those is snake_case.
const (
	flushPrefix  = "$REFOLD.FLUSH."
	healthPrefix = "$REFOLD.HEALTH."
)

// Ask returns when all that the stream holds is on disk. The error is a
// *RefusedError if the server says that it is not.
func Ask(ctx context.Context, nc *nats.Conn, stream string) error {
	return ask(ctx, nc, flushPrefix+stream)
}

// Health returns a *RefusedError if the server can write to the stream no more. It
// does not answer who publishes then, so who gets no answer asks here.
func Health(ctx context.Context, nc *nats.Conn, stream string) error {
	return ask(ctx, nc, healthPrefix+stream)
}

func ask(ctx context.Context, nc *nats.Conn, subject string) error {
	m, err := nc.RequestWithContext(ctx, subject, nil)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return errors.New("the server does not answer requests to flush")
	case err != nil:
		return err
	case len(m.Data) > 0:
		return &RefusedError{string(m.Data)}
	}
	return nil
}
