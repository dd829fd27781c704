package config

import (
	"regexp"
	"strings"
)

// Control says by what a running engine can be asked, beside the address on loopback
// that it always has. The zero value grants nothing.
type Control struct {
	At `yaml:"-"`
	// NATS has it answer requests about replay jobs on the event log's server.
	NATS *ControlNATS `yaml:"nats" json:"nats,omitempty"`
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
