package nats

import (
	"context"
	"errors"
	"io"
	"net"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/effect"
)

// Codes of the server's refusals that the client's library does not name.
const (
	codeMessageTooLarge jetstream.ErrorCode = 10054
	codeHeaderTooLarge  jetstream.ErrorCode = 10097
)

// stoppedAt is an error at an effect, before which all have been performed.
func stoppedAt(f *effect.Effect, err error) error {
	return &effect.PartialError{Cause: f.Cause, Ordinal: f.Ordinal, Err: err}
}

func poison(f *effect.Effect, err error) error {
	return &effect.PoisonError{Cause: f.Cause, Ordinal: f.Ordinal, Err: err}
}

// classify says of an error of server or connection, which an effect met with,
// what can be done about it.
func classify(f *effect.Effect, err error) error {
	var api *jetstream.APIError
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, client.ErrMaxPayload), refused(err, codeMessageTooLarge), refused(err, codeHeaderTooLarge):
		return poison(f, err)
	case errors.As(err, &api) && api.Code >= 500, passes(err):
		return &effect.RetryError{Err: err}
	}
	return err
}

// passes reports whether an error is about the connection, or about nobody who
// answers.
func passes(err error) bool {
	var network net.Error
	if errors.As(err, &network) {
		return true
	}
	for _, passing := range []error{
		client.ErrTimeout, client.ErrNoServers, client.ErrNoResponders, client.ErrConnectionClosed, client.ErrDisconnected,
		client.ErrConnectionReconnecting, client.ErrStaleConnection, client.ErrConnectionDraining, client.ErrBadSubscription,
		jetstream.ErrNoStreamResponse, jetstream.ErrAsyncPublishTimeout, jetstream.ErrConnectionClosed, jetstream.ErrTooManyStalledMsgs,
		context.DeadlineExceeded, io.EOF,
	} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}

func refused(err error, code jetstream.ErrorCode) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == code
}
