package jetstream

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
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

// UnreachableError is a URL at which no NATS server answers.
type UnreachableError struct {
	URL string // without user and password
	Err error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("no NATS server answers at %s: %v", e.URL, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// Retryable says that another attempt may find the server.
func (e *UnreachableError) Retryable() (after time.Duration, ok bool) { return 0, true }

// UntrustedError is a server whose certificate is not signed by an authority
// that is trusted here, or that is another server's.
type UntrustedError struct {
	URL string // without user and password
	Err error
}

func (e *UntrustedError) Error() string {
	return fmt.Sprintf("the certificate of the NATS server at %s is not to be trusted (name its authority's file, or mend the URL): %v", e.URL, e.Err)
}

func (e *UntrustedError) Unwrap() error { return e.Err }

// connect connects for good: the connection is regained when it is lost.
func connect(cfg Config, l *link, more ...nats.Option) (*nats.Conn, error) {
	opts := []nats.Option{
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			l.disconnected()
			if err != nil {
				cfg.Logger.Warn("connection to the event log lost", slog.Any("error", err))
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { cfg.Logger.Info("connection to the event log regained") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			cfg.Logger.Warn("connection to the event log", slog.Any("error", err))
		}),
	}
	return Connect(cfg, append(opts, more...)...)
}

// Connect connects to the server of a log, for something else than the log; of
// cfg count the URL, what the server may ask for, and CAFile. The errors are
// *UnreachableError, *UntrustedError and *RefusedError where they say it all.
func Connect(cfg Config, more ...nats.Option) (*nats.Conn, error) {
	opts := []nats.Option{nats.Timeout(connectTimeout)}
	if cfg.Token != "" {
		opts = append(opts, nats.Token(cfg.Token))
	}
	if cfg.User != "" {
		opts = append(opts, nats.UserInfo(cfg.User, cfg.Password))
	}
	if cfg.CredentialsFile != "" {
		opts = append(opts, nats.UserCredentials(cfg.CredentialsFile))
	}
	if cfg.CAFile != "" {
		opts = append(opts, nats.RootCAs(cfg.CAFile))
	}
	if cfg.CertFile != "" {
		opts = append(opts, nats.ClientCert(cfg.CertFile, cfg.KeyFile))
	}
	nc, err := nats.Connect(cfg.URL, append(opts, more...)...)
	if err != nil {
		return nil, explainConnect(redact(cfg.URL), err)
	}
	return nc, nil
}

func explainConnect(url string, err error) error {
	var untrusted *tls.CertificateVerificationError
	var network net.Error
	switch {
	case errors.Is(err, nats.ErrAuthorization), isAboutOurCertificate(err):
		return &RefusedError{URL: url, Err: err}
	case errors.As(err, &untrusted):
		return &UntrustedError{URL: url, Err: err}
	case errors.Is(err, nats.ErrNoServers), errors.Is(err, nats.ErrTimeout), errors.As(err, &network):
		return &UnreachableError{URL: url, Err: err}
	}
	return fmt.Errorf("connecting to NATS at %s: %w", url, err)
}

// isAboutOurCertificate reports whether a server has ended the connection because of the
// certificate that it was shown, or was not. What it says of that comes behind the
// handshake, and is lost where it has closed the connection by then: of that NATS's client
// has no error of its own.
func isAboutOurCertificate(err error) bool {
	var alert *net.OpError
	return errors.As(err, &alert) && alert.Op == "remote error" ||
		errors.Is(err, nats.ErrTLS) && strings.Contains(err.Error(), "closed by remote after TLS handshake")
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
