package config

import (
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Control says by what a running engine can be asked, beside the address on loopback
// that it always has. The zero value grants nothing.
type Control struct {
	At `yaml:"-"`
	// Listen is one more address to be asked at by HTTP, such as 127.0.0.1:7461. One that
	// other machines reach needs TLS, and Tokens or TLS.ClientCA.
	Listen string `yaml:"listen" json:"listen,omitempty"`
	// Tokens are what requests at Listen may carry. Without any, the private token of the
	// data directory is taken there, which is for addresses of this machine alone.
	Tokens []ControlToken `yaml:"tokens" json:"tokens,omitempty"`
	// TLS has Listen encrypted.
	TLS *ControlTLS `yaml:"tls" json:"tls,omitempty"`
	// Pprof has profiles of the engine served, at /debug/pprof/, to those who may operate.
	Pprof bool `yaml:"pprof" json:"pprof,omitempty"`
	// NATS has it answer requests on the event log's server.
	NATS *ControlNATS `yaml:"nats" json:"nats,omitempty"`
}

// ControlToken is what somebody proves a name and rights with.
type ControlToken struct {
	At `yaml:"-" json:"-"`
	// Name is what the engine's log calls who carries the token.
	Name string `yaml:"name" json:"name"`
	// File has the token; its path is relative to the YAML file, and absolute once loaded.
	File string `yaml:"file" json:"file"`
	// May are "read" and "operate".
	May []string `yaml:"may" json:"may"`
}

// ControlTLS is how the address is encrypted. The paths are relative to the YAML file, and
// absolute once loaded.
type ControlTLS struct {
	At `yaml:"-" json:"-"`
	// Cert and Key are PEM files: a certificate, with those that it hangs on, and its key.
	Cert string `yaml:"cert" json:"cert"`
	Key  string `yaml:"key" json:"key"`
	// ClientCA is a PEM file of the authorities one of whom has to have signed the
	// certificate of whoever asks.
	ClientCA string `yaml:"client_ca" json:"client_ca,omitempty"`
	// ClientMay are the rights of such a certificate where no tokens are declared; empty
	// means both. Where there are tokens, a request needs both, and the token says.
	ClientMay []string `yaml:"client_may" json:"client_may,omitempty"`
}

// ControlNATS is how requests come by NATS.
type ControlNATS struct {
	At `yaml:"-" json:"-"`
	// Subject is what the subjects of all requests begin with; empty means
	// "refold-control" and the prefix of the log's subjects as a second token.
	Subject string `yaml:"subject" json:"subject,omitempty"`
}

// defaultControl is the first token of requests where no YAML says another. No prefix of
// a log has a dash.
const defaultControl = "refold-control"

var controlSubject = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$`)

// maxControlSubject leaves room for what follows.
const maxControlSubject = 128

// ControlSubject is what the subjects of requests by NATS begin with; empty where they
// are not granted.
func (c *Config) ControlSubject() string {
	switch n := c.Control.NATS; {
	case n == nil:
		return ""
	case n.Subject != "":
		return n.Subject
	}
	return defaultControl + "." + c.Store.SubjectPrefix()
}

func (r *rules) control(c *Config) {
	r.controlNATS(c)
	r.controlListen(&c.Control)
	names := map[string]Pos{}
	for i := range c.Control.Tokens {
		t := &c.Control.Tokens[i]
		r.controlToken(t)
		if at, twice := names[t.Name]; twice && t.Name != "" {
			r.fail(t.Where("name"), "a token each", "token %q is declared twice, first at %s", t.Name, at)
		}
		names[t.Name] = t.Where("name")
	}
	r.controlTLS(&c.Control)
}

// controlListen refuses an address that other machines reach without what keeps them out.
func (r *rules) controlListen(c *Control) {
	if !c.Sets("listen") {
		for _, key := range []string{"tokens", "tls"} {
			if c.Sets(key) {
				r.fail(c.Where(key), "add listen: 127.0.0.1:7461, or another address", "%s is about an address to listen at, and there is none", key)
			}
		}
		return
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if n, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil || n == 0 {
		r.fail(c.Where("listen"), "write HOST:PORT, such as 127.0.0.1:7461", "%q is no address to listen at", c.Listen)
		return
	}
	switch guarded := len(c.Tokens) > 0 || c.TLS != nil && c.TLS.ClientCA != ""; {
	case IsLoopback(host):
	case c.TLS == nil:
		r.fail(c.Where("listen"), "add tls: {cert: …, key: …}, or listen at 127.0.0.1:"+port, "other machines reach %q, and what they say would not be encrypted", c.Listen)
	case !guarded:
		r.fail(c.Where("listen"), "add tokens: [{name: …, file: …, may: [read]}], or client_ca to tls", "other machines reach %q, and nothing says who may ask", c.Listen)
	}
}

// IsLoopback reports whether a host is this machine, as no other one sees it.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (r *rules) controlToken(t *ControlToken) {
	if !pipelineName.MatchString(t.Name) {
		r.fail(t.Where("name"), "use a-z, 0-9, _ and -, from a letter on", "%q is no name of a token", t.Name)
	}
	if t.File == "" {
		r.fail(t.Where("file"), "put the token into a file, and name that", "the token %q has no file", t.Name)
	}
	if len(t.May) == 0 {
		r.fail(t.Where("may"), "say may: [read], or may: [read, operate]", "the token %q may do nothing", t.Name)
	}
	r.rights(t.Where("may"), t.May)
}

func (r *rules) controlTLS(c *Control) {
	if c.TLS == nil {
		return
	}
	for _, file := range []struct{ key, path string }{{"cert", c.TLS.Cert}, {"key", c.TLS.Key}} {
		if file.path == "" {
			r.fail(c.TLS.Where(file.key), "name a PEM file", "tls needs cert and key, and has no %s", file.key)
		}
	}
	if c.TLS.Sets("client_may") && (c.TLS.ClientCA == "" || len(c.Tokens) > 0) {
		r.fail(c.TLS.Where("client_may"), "remove it", "client_may is about certificates alone: client_ca without tokens")
	}
	if c.TLS.Sets("client_may") && len(c.TLS.ClientMay) == 0 {
		r.fail(c.TLS.Where("client_may"), "say client_may: [read], or leave it out for [read, operate]", "who shows a certificate may do nothing")
	}
	r.rights(c.TLS.Where("client_may"), c.TLS.ClientMay)
}

func (r *rules) rights(at Pos, names []string) {
	known := []string{"read", "operate"}
	for _, name := range names {
		if !slices.Contains(known, name) {
			r.fail(at, Closest(name, known), "unknown right %q", name)
		}
	}
}

// resolve makes the paths absolute.
func (c *Control) resolve(file string) {
	for _, path := range c.paths() {
		resolve(file, path)
	}
}

// paths are those that are relative to the YAML file until it is loaded; empty for none.
func (c *Control) paths() (paths []*string) {
	for i := range c.Tokens {
		paths = append(paths, &c.Tokens[i].File)
	}
	if c.TLS != nil {
		paths = append(paths, &c.TLS.Cert, &c.TLS.Key, &c.TLS.ClientCA)
	}
	return paths
}

func (r *rules) controlNATS(c *Config) {
	n := c.Control.NATS
	if n == nil || !n.Sets("subject") {
		return
	}
	first := firstToken(n.Subject)
	switch prefix := c.Store.SubjectPrefix(); {
	case !controlSubject.MatchString(n.Subject) || len(n.Subject) > maxControlSubject:
		r.fail(n.Where("subject"), "use words of letters, digits, _ and -, with dots between them, such as refold-control.fleet", "%q is no subject that requests can begin with", n.Subject)
	case first == prefix || first == prefix+"_system":
		r.fail(n.Where("subject"), "begin with another word", "subjects that begin with %q are the event log's", first)
	}
}

// controlsSubjects refuses to have effects sent to where requests are taken: a
// projection would decide what is replayed.
func (r *rules) controlsSubjects(p *Pipeline, c *Config) {
	reserved := firstToken(c.ControlSubject())
	for i := range p.Executors {
		x := p.Executors[i].Innermost()
		if x == nil || reserved == "" {
			continue
		}
		if n := x.NATS; n != nil && n.Publish != nil && (n.URL == "" || n.URL == c.Store.URL) && firstToken(n.Publish.Subject) == reserved {
			r.fail(n.Publish.Where("subject"), "begin with another word", "subjects that begin with %q are for requests to the engine", reserved)
		}
		if x.WASM == nil || c.Store.URL == "" || x.WASM.Capabilities.NATS.URL != c.Store.URL {
			continue
		}
		n := &x.WASM.Capabilities.NATS
		for _, subject := range n.Subjects {
			if firstToken(subject) == reserved {
				r.fail(n.Where("subjects"), "grant subjects that begin otherwise", "%q has subjects of requests to the engine", subject)
			}
		}
	}
}

func firstToken(subject string) string {
	first, _, _ := strings.Cut(subject, ".")
	return first
}
