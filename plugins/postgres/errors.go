package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/refold-dev/refold/domain/effect"
)

// The server's codes (SQLSTATE), in its manual's appendix A. Those of two
// characters are classes.
var (
	// passing are conditions that pass: of the connection, of transactions that got
	// into each other's way, of resources; a shutdown, a cancellation, a lock that was
	// not to be had, and a server that is a copy now, where another one is not.
	passing = []string{"08", "40", "53", "57P01", "57P02", "57P03", "57P05", "57014", "55P03", "25P03", "25P04", "25006"}
	// refusing are those of a row that the database does not take: its data, a
	// constraint, its size, and a trigger that raises an exception.
	refusing = []string{"22", "23", "54000", "P0001"}
)

// readOnly is what a server says that is a copy, where it was the original before.
const readOnly = "25006"

func isOneOf(code string, codes []string) bool {
	return slices.ContainsFunc(codes, func(prefix string) bool { return strings.HasPrefix(code, prefix) })
}

// codeOf is the server's code for an error; empty if it is not the server's.
func codeOf(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

// refuses is the server's error about a row, if it is one.
func refuses(err error) (e *pgconn.PgError, ok bool) {
	return e, errors.As(err, &e) && isOneOf(e.Code, refusing)
}

// lostError is of a connection that is not there any more, or could not be made.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// connecting is an attempt to connect that has failed: it may succeed later, unless
// the server is there and does not want us, or is not the one that it should be.
func connecting(err error) error {
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &certificate), errors.As(err, &authority):
		return fmt.Errorf("%w; the parameter sslrootcert of the URL names an authority to trust, and sslmode=require trusts everybody", err)
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return fmt.Errorf("%w; the parameter sslmode=disable of the URL does without, in a network where nobody listens", err)
	case codeOf(err) == "":
		return &lostError{fmt.Errorf("connect: %w", err)}
	}
	return fmt.Errorf("connect: %w", err)
}

// explain says of an error that passes that it does. What comes of a ctx that is
// done does not.
func explain(ctx context.Context, err error) error {
	var passes *effect.RetryError
	if err == nil || errors.As(err, &passes) {
		return err
	}
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	var lost *lostError
	if code := codeOf(err); code != "" && isOneOf(code, passing) || code == "" && errors.As(err, &lost) {
		return &effect.RetryError{Err: err}
	}
	return err
}
