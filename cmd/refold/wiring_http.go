package main

import (
	"context"
	"errors"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/plugins/http"
)

// openHTTP reads the secrets from where they are kept.
func openHTTP(_ *parts, _ context.Context, spec config.Executor, _ string, _ uint64) (engine.Executor, error) {
	c := httpConfig(spec.HTTP)
	secret, err := readSecret(&spec.HTTP.URL, "the url")
	if err != nil {
		return nil, err
	}
	c.URL = spec.HTTP.URL.Prefix + secret
	for i := range spec.HTTP.Headers {
		h := &spec.HTTP.Headers[i]
		secret, err := readSecret(&h.Value, "header "+h.Name)
		if err != nil {
			return nil, err
		}
		c.Headers[i].Value = h.Value.Prefix + secret
		if h.Value.Text == "" {
			c.Headers[i].Secret = secret
		}
	}
	x, err := http.New(c)
	if err != nil { // not x: an interface around a nil pointer is not nil
		return nil, placedHTTP(err, spec.HTTP)
	}
	return x, nil
}

// checkHTTP looks at what is written down. What is kept elsewhere is looked at when
// it is read.
func checkHTTP(h *config.HTTP) error {
	c := httpConfig(h)
	if c.URL = h.URL.Text; c.URL == "" {
		c.URL = "https://localhost"
	}
	for i, header := range h.Headers {
		c.Headers[i].Value = header.Value.Prefix + header.Value.Text
	}
	return placedHTTP(c.Validate(), h)
}

// placedHTTP gives a mistake in the declaration its place.
func placedHTTP(err error, h *config.HTTP) error {
	var wrong *http.ConfigError
	if errors.As(err, &wrong) {
		return &config.Error{Pos: h.Where(wrong.Field), Message: wrong.Error(), Hint: wrong.Hint}
	}
	return err
}

// httpConfig is all but the texts that may be secrets.
func httpConfig(h *config.HTTP) http.Config {
	c := http.Config{SecretURL: h.URL.Text == "", Plaintext: h.Plaintext, Method: h.Method, Timeout: h.Timeout.Std(), Batch: h.Batch, CAFile: h.CA}
	for _, header := range h.Headers {
		c.Headers = append(c.Headers, http.Header{Name: header.Name})
	}
	return c
}
