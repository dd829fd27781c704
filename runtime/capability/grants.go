package capability

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/refold-dev/refold/sdk/manifest"
)

// DefaultTimeout is what the calls of one effect may take together.
const DefaultTimeout = 30 * time.Second

// Grants are what an executor may have.
type Grants struct {
	HTTP    []HTTPHost
	SQL     map[string]Database // by the connection's name
	NATS    NATS
	Secrets map[string]Source // by name
	// Timeout bounds what the calls of one effect take together; 0 means
	// DefaultTimeout.
	Timeout time.Duration
}

// Database is where a connection leads: a SQLite file, or what a text says that is
// read from elsewhere: a PostgreSQL URL, or "sqlite:" and a file.
type Database struct {
	SQLite string // path
	Source
}

// NATS is a server and the subjects on which messages may be published there.
type NATS struct {
	// URL may be a list, as NATS clients take it. It has no password in it.
	URL string
	// Credentials, TokenFile, PasswordFile, CA, Cert and Key are files, as a store's
	// configuration has them.
	Credentials, TokenFile, User, PasswordFile, CA, Cert, Key string
	// Subjects may have the wildcards of NATS, "*" and a final ">".
	Subjects []string
}

// NotGrantedError is something that an executor wants and may not have.
type NotGrantedError struct {
	Capability manifest.Capability
	// Name is the host, connection, subject or secret; empty for any.
	Name string
	// Reason says more: what the executor wants it for, or why it is not granted
	// although it seems to be; may be empty.
	Reason string
	// Line is what to write into the executor's YAML.
	Line string
}

func (e *NotGrantedError) Error() string {
	return e.Told() + "; " + e.Hint()
}

// Told is the error without what to do about it.
func (e *NotGrantedError) Told() string {
	text := fmt.Sprintf("%s: %s is not granted", e.Capability, e.Name)
	if e.Name == "" {
		text = fmt.Sprintf("%s is not granted", e.Capability)
	}
	if e.Reason != "" {
		text += " (" + e.Reason + ")"
	}
	return text
}

// Hint says what to do about it.
func (e *NotGrantedError) Hint() string { return fmt.Sprintf("add `%s` to the executor", e.Line) }

func notGranted(c manifest.Capability, name, reason string) *NotGrantedError {
	return &NotGrantedError{Capability: c, Name: name, Reason: reason, Line: "capabilities: " + lineOf(c, name)}
}

// lineOf is the YAML that grants a name, or some name.
func lineOf(c manifest.Capability, name string) string {
	variable := strings.Map(asVariable, strings.ToUpper(name))
	switch c {
	case manifest.HTTP:
		return fmt.Sprintf("{http: [%s]}", quoted(otherwise(name, "HOST")))
	case manifest.SQL:
		return fmt.Sprintf("{sql: {%s: {env: %s}}}", quoted(otherwise(name, "NAME")), otherwise(variable, "VARIABLE")+"_DSN")
	case manifest.NATS:
		return fmt.Sprintf("{nats: {url: URL, subjects: [%s]}}", quoted(otherwise(name, "SUBJECT")))
	}
	return fmt.Sprintf("{secrets: {%s: {env: %s}}}", quoted(otherwise(name, "NAME")), otherwise(variable, "VARIABLE"))
}

func otherwise(text, placeholder string) string {
	if text == "" {
		return placeholder
	}
	return text
}

// quoted puts into quotes what YAML would not take for a text, or for one.
func quoted(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)
	}
	letter := strings.ContainsFunc(text, func(r rune) bool { return r >= 'A' && r <= 'z' })
	if letter && !strings.ContainsFunc(text, func(r rune) bool { return !plain(r) }) {
		return text
	}
	return fmt.Sprintf("%q", text)
}

func asVariable(r rune) rune {
	if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return r
	}
	return '_'
}

// Missing returns what an executor wants and these grants do not have.
func (g *Grants) Missing(wants []manifest.Want) (missing []*NotGrantedError) {
	for _, w := range wants {
		if !g.has(w.Capability, w.Name) {
			missing = append(missing, notGranted(w.Capability, w.Name, w.Reason))
		}
	}
	return missing
}

// has reports whether something of a name is granted or, of no name, anything.
func (g *Grants) has(c manifest.Capability, name string) (ok bool) {
	switch c {
	case manifest.HTTP:
		if name == "" {
			return len(g.HTTP) > 0
		}
		want, err := ParseHTTPHost(name)
		return err == nil && slices.ContainsFunc(g.HTTP, want.same)
	case manifest.SQL:
		_, ok = g.SQL[name]
		return ok || name == "" && len(g.SQL) > 0
	case manifest.NATS:
		return name == "" && len(g.NATS.Subjects) > 0 || slices.ContainsFunc(g.NATS.Subjects, func(s string) bool { return s == name || matches(s, name) })
	}
	_, ok = g.Secrets[name]
	return ok || name == "" && len(g.Secrets) > 0
}

// Validate says what is wrong with the grants themselves, without I/O.
func (g *Grants) Validate() error {
	for _, name := range slices.Sorted(maps.Keys(g.SQL)) {
		if d := g.SQL[name]; d.SQLite == "" && d.Source == (Source{}) {
			return fmt.Errorf("sql: the connection %s has no file and no source", name)
		}
	}
	if g.Timeout < 0 {
		return fmt.Errorf("the timeout is negative")
	}
	for _, s := range g.NATS.Subjects {
		if err := CheckSubject(s); err != nil {
			return err
		}
	}
	if len(g.NATS.Subjects) > 0 && g.NATS.URL == "" {
		return fmt.Errorf("nats: there are subjects and no url")
	}
	return nil
}
