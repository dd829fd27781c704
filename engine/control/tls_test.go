package control_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/refold-dev/refold/engine/control"
)

// authority signs certificates.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{key, cert}
}

// sign makes a certificate for a name, or an address, as PEM.
func (a *authority) sign(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &own.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text})
}

// files are a server's certificate and its key.
func (a *authority) files(t *testing.T, name string) *control.TLS {
	t.Helper()
	dir := t.TempDir()
	files := &control.TLS{Cert: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key")}
	cert, key := a.sign(t, name)
	write(t, files.Cert, cert)
	write(t, files.Key, key)
	return files
}

// file has the authority's own certificate.
func (a *authority) file(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	write(t, path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
	return path
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// client trusts the authority, and shows a certificate of another one, or nil.
func (a *authority) client(t *testing.T, of *authority) *http.Client {
	t.Helper()
	c := &tls.Config{RootCAs: x509.NewCertPool()}
	c.RootCAs.AddCert(a.cert)
	if of != nil {
		pair, err := tls.X509KeyPair(of.sign(t, "fleet"))
		if err != nil {
			t.Fatal(err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: c}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// code is the status of an answer, or 0.
func code(t *testing.T, c *http.Client, method, url, secret string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if secret != "" {
		carrying(secret)(r)
	}
	resp, err := c.Do(r)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Error(err)
	}
	return resp.StatusCode
}

func secured(t *testing.T, o control.Options) *control.Server {
	t.Helper()
	o.Engine, o.Logger = idle(t), slog.New(slog.DiscardHandler)
	s, err := control.Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Over TLS tokens are what they are without, and who does not encrypt gets nothing.
func TestTLS(t *testing.T) {
	ca := newAuthority(t)
	s := secured(t, control.Options{Tokens: tokens, TLS: ca.files(t, "127.0.0.1")})
	url := s.URL() + "/v1/pipelines"
	trusting := ca.client(t, nil)
	for secret, want := range map[string]int{token: 200, readToken: 200, "": 401, "wrong": 401} {
		if got := code(t, trusting, "GET", url, secret); got != want {
			t.Errorf("with %q: %d", secret, got)
		}
	}
	if got := code(t, newAuthority(t).client(t, nil), "GET", url, token); got != 0 {
		t.Errorf("one who does not trust the server: %d", got)
	}
	if got := code(t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, "GET", "http"+url[len("https"):], token); got == 200 {
		t.Error("one who does not encrypt has an answer")
	}
}

// A client's certificate is enough where there are no tokens, for what is said; where
// there are some, both are needed.
func TestClientCertificates(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	files := ca.files(t, "127.0.0.1")
	files.ClientCA, files.ClientMay = ca.file(t), []control.Right{control.Read}
	alone := secured(t, control.Options{TLS: files})
	both := secured(t, control.Options{TLS: files, Tokens: tokens})
	for _, test := range []struct {
		of             *authority
		method, secret string
		alone, both    int
	}{
		{nil, "GET", token, 0, 0},
		{stranger, "GET", token, 0, 0},
		{ca, "GET", "", 200, 401},
		{ca, "GET", token, 200, 200},
		{ca, "POST", "", 403, 401},
		{ca, "POST", readToken, 403, 403},
		{ca, "POST", token, 403, 404},
	} {
		path := "/v1/pipelines"
		if test.method == "POST" {
			path += "/nobody/pause"
		}
		c := ca.client(t, test.of)
		if got := code(t, c, test.method, alone.URL()+path, test.secret); got != test.alone {
			t.Errorf("%+v: alone %d", test, got)
		}
		if got := code(t, c, test.method, both.URL()+path, test.secret); got != test.both {
			t.Errorf("%+v: with tokens %d", test, got)
		}
	}
}

// A certificate that is replaced is shown to those who come then; one that is none is not.
func TestCertificateIsReplaced(t *testing.T) {
	before, after := newAuthority(t), newAuthority(t)
	files := before.files(t, "127.0.0.1")
	s := secured(t, control.Options{Tokens: tokens, TLS: files})
	url := s.URL() + "/v1/pipelines"
	replace := func(cert, key []byte, at time.Time) {
		write(t, files.Cert, cert)
		write(t, files.Key, key)
		if err := os.Chtimes(files.Cert, at, at); err != nil {
			t.Fatal(err)
		}
	}
	cert, key := after.sign(t, "127.0.0.1")
	replace([]byte("none"), key, time.Now().Add(time.Minute))
	if got := code(t, before.client(t, nil), "GET", url, token); got != 200 {
		t.Errorf("with the certificate that it had: %d", got)
	}
	replace(cert, key, time.Now().Add(time.Hour))
	if got := code(t, after.client(t, nil), "GET", url, token); got != 200 {
		t.Errorf("with the new one: %d", got)
	}
	if got := code(t, before.client(t, nil), "GET", url, token); got != 0 {
		t.Errorf("with the old one: %d", got)
	}
	if _, err := control.Listen(control.Options{Tokens: tokens, TLS: &control.TLS{Cert: files.Key, Key: files.Cert}}); err == nil {
		t.Error("files that are mixed up are taken")
	}
}
