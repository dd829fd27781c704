package http

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Config says where effects are posted to. URL is required.
type Config struct {
	// URL is of the scheme https, or http if the host is this machine. SecretURL says
	// that what an answer repeats of it is not to be quoted.
	URL       string
	SecretURL bool
	// Plaintext allows http to another machine.
	Plaintext bool
	// Method is POST, PUT or PATCH; empty means POST.
	Method  string
	Headers []Header
	// Timeout bounds a request, its answer included; 0 means DefaultTimeout.
	Timeout time.Duration
	// Batch is how many effects a request may have, as a JSON array; 0 posts each as
	// an object.
	Batch int
	// CAFile is a PEM file of the authorities that sign the server's certificate; empty
	// means those of the system.
	CAFile string
}

// Header is sent with every request. Secret is what of Value is not to be quoted.
type Header struct{ Name, Value, Secret string }

// DefaultTimeout bounds a request where Config leaves it open.
const DefaultTimeout = 10 * time.Second

// ConfigError is a mistake in a [Config].
type ConfigError struct {
	Field  string // such as "url"
	Reason string
	Hint   string // what to do about it; it may be empty
}

func (e *ConfigError) Error() string { return e.Field + ": " + e.Reason }

// Validate checks the configuration without I/O. The error is a *ConfigError, and
// does not repeat the URL.
func (c *Config) Validate() error {
	_, err := c.parseURL()
	if err != nil {
		return err
	}
	if c.Method != "" && !slices.Contains(methods, c.Method) {
		return &ConfigError{"method", fmt.Sprintf("%.32q is none that effects are posted with", c.Method), "write one of " + strings.Join(methods, ", ")}
	}
	seen := map[string]bool{}
	for _, h := range c.Headers {
		reason, name := headerFault(h), textproto.CanonicalMIMEHeaderKey(h.Name)
		if seen[name] {
			reason = "it is there twice, for upper and lower case are the same"
		}
		if reason != "" {
			return &ConfigError{Field: "headers", Reason: fmt.Sprintf("%.64q: %s", h.Name, reason)}
		}
		seen[name] = true
	}
	return nil
}

var methods = []string{http.MethodPost, http.MethodPut, http.MethodPatch}

func (c *Config) parseURL() (*url.URL, error) {
	fault := func(reason, hint string) (*url.URL, error) { return nil, &ConfigError{"url", reason, hint} }
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Hostname() == "":
		return fault("this is no URL with a host", "write https://HOST/PATH")
	case u.Scheme != "https" && u.Scheme != "http":
		return fault("it is neither https nor http", "write https://HOST/PATH")
	case u.User != nil:
		return fault("it has a user or a password in it", "put them into headers: `Authorization: {env: NAME}`")
	case u.Fragment != "":
		return fault("it has a fragment, which no server sees", "remove # and what is behind it")
	case u.Scheme == "http" && !c.Plaintext && !isLoopback(u.Hostname()):
		return fault("effects would travel unencrypted to another machine", "use https, or allow it with `plaintext: true`")
	}
	return u, nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

// ours are the headers that the executor sets itself.
var ours = []string{"Idempotency-Key", "Content-Type", "Content-Length", "Transfer-Encoding", "Host", "Connection"}

func headerFault(h Header) string {
	switch {
	case h.Name == "" || strings.Trim(h.Name, "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "":
		return "a header's name has letters, digits, - and _"
	case slices.Contains(ours, textproto.CanonicalMIMEHeaderKey(h.Name)):
		return "this header is set by the executor"
	case strings.ContainsFunc(h.Value, func(r rune) bool { return r < ' ' || r > '~' }):
		return "its value is not printable ASCII"
	}
	return ""
}

// secrets are the texts that no error has, the longest first.
func (c *Config) secrets(u *url.URL) []string {
	var all []string
	for _, h := range c.Headers {
		all = append(all, h.Secret)
	}
	if c.SecretURL {
		all = append(all, c.URL, u.RequestURI(), u.RawQuery, strings.Trim(u.Path, "/"))
		all = append(all, strings.Split(u.Path, "/")...)
		for _, values := range u.Query() {
			all = append(all, values...)
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return len(s) < minSecret })
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

// minSecret is the length from which a text is looked for in answers: shorter ones
// would be found everywhere, and are no secrets.
const minSecret = 4
