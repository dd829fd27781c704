package http

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/refold-dev/refold/domain/effect"
)

// maxAnswer is how much of an answer is read, in bytes, and quoted how much of it is
// told.
const (
	maxAnswer = 64 << 10
	quoted    = 200
)

// StatusError is an answer that is not 2xx.
type StatusError struct {
	Code int
	// Text is the answer's beginning, or where a redirection leads, without secrets.
	Text string
}

func (e *StatusError) Error() string {
	text := strings.TrimSpace(fmt.Sprintf("the server answers %d %s", e.Code, http.StatusText(e.Code)))
	if e.Text != "" {
		text += fmt.Sprintf(": %q", e.Text)
	}
	return text
}

// passes reports whether the same request may be taken later.
func (e *StatusError) passes() bool {
	return e.Code >= 500 || e.Code == http.StatusRequestTimeout || e.Code == http.StatusTooEarly || e.Code == http.StatusTooManyRequests
}

// condemns reports whether what was sent is to blame.
func (e *StatusError) condemns() bool {
	return e.Code/100 == 4 && !e.passes() && !slices.Contains(aboutEndpoint, e.Code)
}

// aboutEndpoint are the 4xx that every effect would get.
var aboutEndpoint = []int{
	http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
	http.StatusNotAcceptable, http.StatusProxyAuthRequired, http.StatusGone, http.StatusUnsupportedMediaType,
	http.StatusMisdirectedRequest, http.StatusUpgradeRequired, http.StatusUnavailableForLegalReasons,
}

// read takes an answer, up to a bound. An error is a *StatusError, or has one in it.
func (e *Executor) read(r *http.Response) error {
	defer r.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxAnswer)) // the status is all that decides
	if r.StatusCode/100 == 2 {
		return nil
	}
	text := string(body)
	if to := r.Header.Get("Location"); r.StatusCode/100 == 3 && to != "" {
		text = to
	}
	refused := &StatusError{Code: r.StatusCode, Text: e.piece(text)}
	if refused.passes() {
		return &effect.RetryError{After: retryAfter(r.Header.Get("Retry-After"), time.Now()), Err: refused}
	}
	return refused
}

// piece is the beginning of a text of the server's, without secrets.
func (e *Executor) piece(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	for _, secret := range e.secrets {
		text = strings.ReplaceAll(text, secret, "…")
	}
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > quoted {
		text = strings.ToValidUTF8(text[:quoted], "") + "…"
	}
	return text
}

// failed classifies what kept an answer from coming.
func (e *Executor) failed(ctx context.Context, err error) error {
	var about *url.Error
	if errors.As(err, &about) {
		err = about.Err // without the URL
	}
	var untrusted *tls.CertificateVerificationError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &untrusted), errors.Is(err, http.ErrSchemeMismatch):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return &effect.RetryError{Err: fmt.Errorf("no answer within %s", e.cfg.Timeout)}
	}
	return &effect.RetryError{Err: errors.New(e.piece(err.Error()))} // which may quote the server
}
