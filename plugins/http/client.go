package http

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"
)

// newClient makes a client that goes to u's host only.
func newClient(u *url.URL, caFile string) (*http.Client, error) {
	transport := &http.Transport{
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // what is read is bounded as it comes
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxAnswer,
	}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("reading the authorities: %w", err)
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate in PEM form", caFile)
		}
	}
	return &http.Client{Transport: transport, CheckRedirect: stayAt(u)}, nil
}

// maxRedirects is how often a server may send a request on, to itself.
const maxRedirects = 3

// stayAt follows a redirection that keeps host, scheme and method; another one is
// the answer.
func stayAt(u *url.URL) func(*http.Request, []*http.Request) error {
	return func(r *http.Request, via []*http.Request) error {
		if r.URL.Scheme != u.Scheme || r.URL.Host != u.Host || r.Method != via[0].Method || len(via) > maxRedirects {
			return http.ErrUseLastResponse
		}
		return nil
	}
}
