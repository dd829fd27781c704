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

// subject is where requests for a stream go. No stream of events covers it: the
// prefix of those is snake_case.
func subject(stream string) string { return "$REFOLD.FLUSH." + stream }

// Ask returns when all that the stream holds is on disk. The error is a
// *RefusedError if the server says that it is not.
func Ask(ctx context.Context, nc *nats.Conn, stream string) error {
	m, err := nc.RequestWithContext(ctx, subject(stream), nil)
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
