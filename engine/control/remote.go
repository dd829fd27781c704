package control

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Remote is an engine on another machine, or in a container: where it listens, and what
// a request there carries. See docs/API.md.
type Remote struct {
	// URL is https://HOST:PORT or, of this machine alone, http://HOST:PORT. A path is that
	// of a proxy before the engine.
	URL string
	// Token is the text that requests carry; empty for none. See CheckSecret.
	Token string
	// CA is the path of a PEM file of the authorities that sign the server's certificate;
	// empty are those of the system.
	CA string
	// Cert and Key are the paths of PEM files: of the certificate that is shown to a server
	// which asks for one, and of its key; empty for none.
	Cert, Key string
}

// connectTimeout bounds the wait for a server to take a connection, and for it to agree
// upon how that is encrypted. An answer may take its time: a fold in the shadow does. That
// a machine has gone meanwhile TCP's keep-alive finds out.
const connectTimeout = 10 * time.Second

// URLError is a text that is no URL of a control API. It has nothing of a login in it.
type URLError struct{ Reason string }

func (e *URLError) Error() string { return e.Reason }

// PlainError is a URL without encryption of what may be another machine.
type PlainError struct{ Host string }

func (e *PlainError) Error() string {
	return fmt.Sprintf("%s may be another machine, and what is said to it by http:// would not be encrypted, the token least of all", e.Host)
}

// NewRemote asks an engine elsewhere. It asks nothing yet. The error may be a *URLError or
// a *PlainError.
func NewRemote(r Remote) (*Client, error) {
	u, err := r.check()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout: connectTimeout,
		IdleConnTimeout:     idleTimeout,
	} // by HTTP/1.1: of a certificate that the server does not take, HTTP/2 says nothing
	if transport.TLSClientConfig, err = r.clientConfig(); err != nil {
		return nil, err
	}
	return &Client{
		url: strings.TrimSuffix(u.String(), "/"), token: r.Token, of: "the engine at " + u.String(), away: true,
		http: http.Client{Transport: transport, CheckRedirect: stay},
	}, nil
}

// check reads the URL, and refuses what would tell others of the token.
func (r *Remote) check() (*url.URL, error) {
	u, err := url.Parse(r.URL)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return nil, &URLError{"no URL of a control API: write it as https://HOST:PORT"}
	case u.User != nil:
		return nil, &URLError{"a URL has no login in it: a token is in a file"}
	case u.RawQuery != "" || u.Fragment != "":
		return nil, &URLError{fmt.Sprintf("%q has more than the address: write it as https://HOST:PORT", u)}
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, &PlainError{u.Hostname()}
	case u.Scheme == "http" && (r.CA != "" || r.Cert != ""):
		return nil, &URLError{"certificates are for https://, and " + u.String() + " does not encrypt"}
	}
	return u, nil
}

func (r *Remote) clientConfig() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.CA != "" {
		text, err := os.ReadFile(r.CA)
		if err != nil {
			return nil, fmt.Errorf("the authorities of the server: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("the authorities of the server: %s has no certificate", r.CA)
		}
	}
	if r.Cert == "" && r.Key == "" {
		return c, nil
	}
	pair, err := tls.LoadX509KeyPair(r.Cert, r.Key)
	if err != nil {
		return nil, fmt.Errorf("the certificate of this client: %w", err)
	}
	// Also one that none of the authorities which the server names has signed: it is the
	// server's to say that it is no good.
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	return c, nil
}
