package config

import (
	"os"
	"reflect"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// WASMExecutor performs effects by a module in the sandbox.
type WASMExecutor struct {
	At `yaml:"-" json:"-"`
	// Module is the module's path, relative to the YAML file; absolute once loaded.
	Module string `yaml:"module" json:"module,omitempty"`
	// SHA256 pins the module, in hex; empty takes it as it is.
	SHA256 string `yaml:"sha256" json:"sha256,omitempty"`
	// Config is what the module is given; nil for nothing.
	Config       JSON         `yaml:"config" json:"config,omitempty"`
	Capabilities Capabilities `yaml:"capabilities" json:"capabilities,omitzero"`
	// Timeout bounds what the calls of one effect take together; 0 means the default.
	Timeout Duration `yaml:"timeout" json:"timeout,omitempty"`
	// MemoryPages, FuelPerEffect and StackSlots bound the module, as a projection's
	// do; 0 means the default.
	MemoryPages   int   `yaml:"memory_pages" json:"memory_pages,omitempty"`
	FuelPerEffect int64 `yaml:"fuel_per_effect" json:"fuel_per_effect,omitempty"`
	StackSlots    int   `yaml:"stack_slots" json:"stack_slots,omitempty"`
}

// Capabilities are what a module may have of the world outside: nothing that is not
// listed.
type Capabilities struct {
	At `yaml:"-" json:"-"`
	// HTTP are the hosts that requests may go to.
	HTTP []HTTPHost `yaml:"http" json:"http,omitempty"`
	// SQL are connections, by name.
	SQL Named[Database] `yaml:"sql" json:"sql,omitempty"`
	// NATS is a server and the subjects to publish on.
	NATS NATSGrant `yaml:"nats" json:"nats,omitzero"`
	// Secrets are texts, by name.
	Secrets Named[SecretSource] `yaml:"secrets" json:"secrets,omitempty"`
}

// HTTPHost is a host that requests may go to. A text alone is the host.
type HTTPHost struct {
	At `yaml:"-" json:"-"`
	// Host is a name or address, with a port if it is not the usual one, and with
	// http:// in front if it is not to be https.
	Host string `yaml:"host" short:"yes" json:"host,omitempty"`
	// Private lets the name lead to addresses that are not public.
	Private bool `yaml:"private" json:"private,omitempty"`
}

// SecretSource is where a secret text is: in a variable of the environment, or in a file,
// relative to the YAML file; absolute once loaded.
type SecretSource struct {
	At `yaml:"-" json:"-"`
	// Env is the name of the variable.
	Env string `yaml:"env" json:"env,omitempty"`
	// File is the path of the file.
	File string `yaml:"file" json:"file,omitempty"`
}

// Database is where a connection leads: a SQLite file, relative to the data
// directory, or what a source says.
type Database struct {
	At `yaml:"-" json:"-"`
	// SQLite is the path of the SQLite file.
	SQLite string `yaml:"sqlite" json:"sqlite,omitempty"`
	// Env is the variable of the environment, and File the path of the file, that has
	// a PostgreSQL URL, or sqlite: and a path.
	Env  string `yaml:"env" json:"env,omitempty"`
	File string `yaml:"file" json:"file,omitempty"`
}

// NATSGrant is a NATS server, as a store names it, and subjects there.
type NATSGrant struct {
	At `yaml:"-" json:"-"`
	// URL names the server or cluster.
	URL string `yaml:"url" json:"url,omitempty"`
	Login
	// Subjects are those that messages may be published on; * is any word, and a final >
	// all that follow.
	Subjects []string `yaml:"subjects" json:"subjects,omitempty"`
}

// Named is written as a mapping from any name to a T; the order is kept.
type Named[T any] []Entry[T]

// Entry is one of Named.
type Entry[T any] struct {
	Name  string `json:"name"`
	Value T      `json:"value"`
	Pos   Pos    `json:"-"` // of the value
}

func (l *Named[T]) decodeNode(d *decoder, n *yaml.Node) {
	d.named(n, "a mapping from name to what it stands for", "write `name: {…}`, one a line", "%q is there twice", func(name string, value *yaml.Node) {
		*l = append(*l, Entry[T]{Name: name, Pos: d.pos(value)})
		d.decode(value, reflect.ValueOf(&(*l)[len(*l)-1].Value).Elem())
	})
}

// paths are those that are relative to the YAML file until it is loaded.
func (w *WASMExecutor) paths() []*string {
	c := &w.Capabilities
	paths := append(c.NATS.paths(), &w.Module)
	for i := range c.SQL {
		paths = append(paths, &c.SQL[i].Value.File)
	}
	for i := range c.Secrets {
		paths = append(paths, &c.Secrets[i].Value.File)
	}
	return paths
}

var (
	grantName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)
	variable  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

func (r *rules) wasmExecutor(w *WASMExecutor) {
	if w.Module == "" {
		r.fail(w.Where("module"), "add `module: FILE.wasm`", "the wasm executor has no module")
	} else if info, err := os.Stat(w.Module); err != nil || info.IsDir() {
		r.fail(w.Where("module"), "build the module first, or mend the path; it is relative to this file", "there is no file %s", w.Module)
	}
	if w.SHA256 != "" && !hexDigest.MatchString(w.SHA256) {
		r.fail(w.Where("sha256"), "see `sha256sum FILE.wasm`", "%q is not a SHA-256 in 64 lower-case hex digits", w.SHA256)
	}
	if w.Timeout < 0 {
		r.fail(w.Where("timeout"), "leave it out for the default", "timeout must not be negative")
	}
	for _, limit := range []struct {
		key  string
		n    int64
		most int64
		hint string
	}{
		{"memory_pages", int64(w.MemoryPages), maxMemoryPages, "a page is 64 KiB"},
		{"fuel_per_effect", w.FuelPerEffect, maxFuelPerEvent, "a unit is about one instruction"},
		{"stack_slots", int64(w.StackSlots), maxStackSlots, "a slot is about one local variable"},
	} {
		if w.outside(limit.key, limit.n, limit.most) {
			r.fail(w.Where(limit.key), limit.hint, "%s must lie between 1 and %d", limit.key, limit.most)
		}
	}
	r.capabilities(&w.Capabilities)
}

func (r *rules) capabilities(c *Capabilities) {
	for _, h := range c.HTTP {
		if h.Host == "" {
			r.fail(h.pos, "write `http: [HOST]`", "a granted host has no name")
		}
	}
	for _, e := range c.SQL {
		d := e.Value
		r.grantName(e.Pos, e.Name)
		r.source(e.Pos, "the connection "+e.Name, "sqlite: FILE.db, env: VARIABLE or file: FILE", d.Env, d.SQLite, d.Env, d.File)
	}
	for _, e := range c.Secrets {
		s := e.Value
		r.grantName(e.Pos, e.Name)
		r.source(e.Pos, "the secret "+e.Name, "env: VARIABLE or file: FILE", s.Env, s.Env, s.File)
	}
	n := &c.NATS
	if n.URL == "" && c.Sets("nats") {
		r.fail(n.Where("url"), "add `url: nats://HOST:4222`", "the granted subjects have no server")
	}
	r.login(n.At, n.URL, &n.Login)
	if n.URL != "" && len(n.Subjects) == 0 {
		r.fail(n.Where("subjects"), "add `subjects: [NAME]`", "no subject is granted on the server")
	}
}

// logsSubjects refuses to grant the event log's own subjects on its server: events
// come by appends alone.
func (r *rules) logsSubjects(p *Pipeline, s *Store) {
	prefix := s.Prefix
	if prefix == "" {
		prefix = "infrastructure"
	}
	for i := range p.Executors {
		x := p.Executors[i].Innermost()
		if x == nil || x.WASM == nil || s.URL == "" || x.WASM.Capabilities.NATS.URL != s.URL {
			continue
		}
		n := &x.WASM.Capabilities.NATS
		for _, subject := range n.Subjects {
			if first, _, _ := strings.Cut(subject, "."); first == prefix || first == "*" || first == ">" {
				r.fail(n.Where("subjects"), "grant subjects that begin otherwise", "%q has subjects of the event log, whose events come by EmitEvent", subject)
			}
		}
	}
}

func (r *rules) grantName(at Pos, name string) {
	if !grantName.MatchString(name) {
		r.fail(at, "use letters, digits, _, - and dots", "%q cannot name what is granted", name)
	}
}

// source refuses what has no source, or several.
func (r *rules) source(at Pos, what, hint, env string, sources ...string) {
	given := 0
	for _, s := range sources {
		if s != "" {
			given++
		}
	}
	if given != 1 {
		r.fail(at, "write "+hint, "%s has exactly one source, this one has %d", what, given)
	}
	if env != "" && !variable.MatchString(env) {
		r.fail(at, "name the variable; its value stays out of this file", "%s: what stands behind env is no variable's name", what)
	}
}
