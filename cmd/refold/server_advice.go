package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/control"
)

// serverAdvice says what can be done about an engine elsewhere that has not answered, or
// has refused.
func serverAdvice(err error) string {
	var unreached *control.UnreachedError
	var stranger *control.StrangerError
	var answer *control.AnswerError
	switch {
	case errors.As(err, &stranger):
		return "name the engine's address, as `control.listen` of its configuration says it, with https:// where it has `control.tls`"
	case errors.As(err, &answer) && answer.Remote:
		return answerAdvice(answer)
	case errors.As(err, &unreached) && unreached.Remote:
		return unreachedAdvice(unreached.Err)
	case errors.As(err, &unreached) && hasEnded(unreached.Err):
		return "the engine has ended meanwhile: start it again, or ask again without one"
	}
	return ""
}

// hasEnded reports whether an error says that a process is no longer there.
func hasEnded(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func answerAdvice(e *control.AnswerError) string {
	switch {
	case e.Code == http.StatusUnauthorized:
		return "name a file that has one of `control.tokens` of the engine's configuration, as the engine has read it last, with --token-file"
	case e.Code == http.StatusForbidden:
		return "ask with a token, or a certificate, that may do this: `control` of the engine's configuration says what each may"
	case errors.Is(e, engine.ErrUnknownPipeline):
		return "`refold status` lists those that it has"
	case e.Unknown || e.Code == http.StatusBadRequest && e.Version != thisBuild().Version:
		version := "another version"
		if e.Version != "" {
			version = "version " + e.Version
		}
		return fmt.Sprintf("the engine is of %s, and this is refold %s: ask it with a refold of its own version", version, thisBuild().Version)
	}
	return ""
}

func unreachedAdvice(err error) string {
	if advice := certificateAdvice(err); advice != "" {
		return advice
	}
	var name *net.DNSError
	var slow net.Error
	var refused *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return ""
	case errors.Is(err, http.ErrSchemeMismatch):
		return "what listens there does not encrypt: an engine does so with `control.tls`, and without listens on its own machine alone"
	case errors.Is(err, syscall.ECONNREFUSED), errors.As(err, &refused) && refused.Op == "dial" && errors.Is(err, syscall.ECONNRESET):
		return "nothing listens there: does the engine run, and is that its `control.listen`?"
	case errors.As(err, &refused) && refused.Op == "remote error", errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET):
		return "it has ended the connection: an engine with `control.tls.client_ca` does so to who shows no certificate that it takes: --cert-file and --key-file"
	case errors.As(err, &name):
		return "mend the name, or ask by an address"
	case errors.As(err, &slow) && slow.Timeout():
		return "nothing answers: is it that machine and that port, and does a firewall let this one through?"
	}
	return ""
}

// certificateAdvice is about a server that is perhaps not the one that was meant.
func certificateAdvice(err error) string {
	var signer x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var other *tls.CertificateVerificationError
	switch {
	case errors.As(err, &signer):
		return "name with --ca-file the authorities that sign the engine's certificate; if you have, somebody else answers"
	case errors.As(err, &host):
		return "ask by a name that the certificate has: " + strings.Join(namesOf(host.Certificate), ", ")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "compare the clocks, and give the engine a new certificate: it takes one up that is replaced on disk"
	case errors.As(err, &other):
		return "give the engine a certificate that is good for a server"
	}
	return ""
}

// namesOf are those that a certificate is for.
func namesOf(c *x509.Certificate) (names []string) {
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if names = append(c.DNSNames, names...); len(names) == 0 {
		return []string{"it has none, and needs one as a subject alternative name"}
	}
	return names
}
