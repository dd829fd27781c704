package jetstream

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Waits of the connection: how long the first connect and each request may
// take, and how long to pause between attempts to regain a lost connection.
const (
	connectTimeout = 5 * time.Second
	requestTimeout = 10 * time.Second
	reconnectWait  = 100 * time.Millisecond
)

// RefusedError is a server that does not accept the credentials.
type RefusedError struct {
	URL string // without user and password
	Err error
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the NATS server at %s refuses the credentials: %v", e.URL, e.Err)
}

func (e *RefusedError) Unwrap() error { return e.Err }

func connect(cfg Config) (*nats.Conn, error) {
	opts := []nats.Option{
		nats.Name("refold"),
		nats.Timeout(connectTimeout),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				cfg.Logger.Warn("connection to the event log lost", slog.Any("error", err))
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { cfg.Logger.Info("connection to the event log regained") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			cfg.Logger.Warn("connection to the event log", slog.Any("error", err))
		}),
	}
	if cfg.Token != "" {
		opts = append(opts, nats.Token(cfg.Token))
	}
	if cfg.CredentialsFile != "" {
		opts = append(opts, nats.UserCredentials(cfg.CredentialsFile))
	}
	if cfg.CAFile != "" {
		opts = append(opts, nats.RootCAs(cfg.CAFile))
	}
	nc, err := nats.Connect(cfg.URL, opts...)
	switch {
	case errors.Is(err, nats.ErrAuthorization):
		return nil, &RefusedError{URL: redact(cfg.URL), Err: err}
	case err != nil:
		return nil, fmt.Errorf("connecting to NATS at %s: %w", redact(cfg.URL), err)
	}
	return nc, nil
}

// redact removes user, password and token from a list of URLs.
func redact(urls string) string {
	var out []string
	for u := range strings.SplitSeq(urls, ",") {
		scheme, rest, found := strings.Cut(u, "://")
		if !found {
			scheme, rest = "nats", u
		}
		if at := strings.LastIndexByte(rest, '@'); at >= 0 {
			rest = rest[at+1:]
		}
		out = append(out, scheme+"://"+rest)
	}
	return strings.Join(out, ",")
}
