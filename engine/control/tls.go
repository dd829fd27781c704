package control

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// TLS is how a server encrypts, by the paths of PEM files. Files that are replaced are
// read again.
type TLS struct {
	Cert, Key string
	// ClientCA has whoever connects show a certificate that one of these authorities has
	// signed; empty asks for none.
	ClientCA string
	// ClientMay are the rights of such a certificate where there are no tokens.
	ClientMay []Right
}

// certificates are those of a TLS, as the files were when they were looked at last.
type certificates struct {
	files  TLS
	logger *slog.Logger

	mu      sync.Mutex
	changed [3]time.Time // of the files
	config  *tls.Config
}

// serverConfig is an error where the files are no good.
func (t *TLS) serverConfig(logger *slog.Logger) (*tls.Config, error) {
	c := &certificates{files: *t, logger: logger, changed: t.stamps()}
	var err error
	if c.config, err = t.load(); err != nil {
		return nil, err
	}
	outer := c.config.Clone()
	outer.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.latest(), nil }
	return outer, nil
}

// latest is what the files say now or, where that is no good, what they said before.
func (c *certificates) latest() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.files.stamps()
	if now == c.changed {
		return c.config
	}
	c.changed = now
	next, err := c.files.load()
	if err != nil {
		c.logger.Error("the control API goes on with the certificates that it had", "error", err)
		return c.config
	}
	c.config = next
	c.logger.Info("the control API has read its certificates again")
	return next
}

// stamps are the times at which the files were written; zero for one that is not there.
func (t *TLS) stamps() (times [3]time.Time) {
	for i, path := range []string{t.Cert, t.Key, t.ClientCA} {
		if info, err := os.Stat(path); path != "" && err == nil {
			times[i] = info.ModTime()
		}
	}
	return times
}

// Check reports files that are no good.
func (t *TLS) Check() error {
	_, err := t.load()
	return err
}

func (t *TLS) load() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("the server's certificate: %w", err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	if t.ClientCA == "" {
		return c, nil
	}
	text, err := os.ReadFile(t.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("the authorities of clients: %w", err)
	}
	c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !c.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("the authorities of clients: %s has no certificate", t.ClientCA)
	}
	return c, nil
}
