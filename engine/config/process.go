package config

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Process says how a plugin is started that is a process.
type Process struct {
	At `yaml:"-" json:"-"`
	// Command is the executable's path and its arguments. The path is relative to
	// the YAML file, and absolute once loaded.
	Command []string `yaml:"command" json:"command"`
	// SHA256 pins the executable, in hex; empty takes it as it is.
	SHA256 string `yaml:"sha256" json:"sha256,omitempty"`
	// Env names the environment variables that the process gets, beside PATH, HOME
	// and TMPDIR.
	Env Names `yaml:"env" json:"env,omitempty"`
	// Timeout bounds each call; 0 means the default.
	Timeout Duration `yaml:"timeout" json:"timeout,omitempty"`
}

// ProcessExecutor performs effects in a process.
type ProcessExecutor struct {
	Process
	// Config is what the process is given when it is opened.
	Config JSON `yaml:"config" json:"config,omitempty"`
}

// Path is the executable's path; empty where there is none.
func (p *Process) Path() string {
	if len(p.Command) == 0 {
		return ""
	}
	return p.Command[0]
}

// paths are those that are relative to the YAML file until it is loaded.
func (p *Process) paths() []*string {
	if p == nil || len(p.Command) == 0 {
		return nil
	}
	return []*string{&p.Command[0]}
}

// identified is a process as a read model depends on it: by its arguments, and its
// executable's name. Where that lies, which variables it gets and how long it may
// take change nothing.
func (p Process) identified() Process {
	p.Command = slices.Clone(p.Command)
	if len(p.Command) > 0 {
		p.Command[0] = filepath.Base(p.Command[0])
	}
	p.SHA256, p.Env, p.Timeout = "", nil, 0
	return p
}

var environmentName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// process holds the declaration of a process to what is known without starting it.
func (r *rules) process(p *Process) {
	if p.Path() == "" {
		r.fail(p.Where("command"), "add `command: [./FILE]`, with its arguments behind it; the path is relative to this file", "the process has no command")
	} else {
		r.executable(p.Where("command"), p.Path())
	}
	if p.SHA256 != "" && !hexDigest.MatchString(p.SHA256) {
		r.fail(p.Where("sha256"), "see `sha256sum FILE`", "%q is not a SHA-256 in 64 lower-case hex digits", p.SHA256)
	}
	seen := map[string]bool{}
	for _, name := range p.Env {
		switch {
		case strings.Contains(name, "="):
			name, _, _ = strings.Cut(name, "=") // what follows may be secret
			r.fail(p.Where("env"), "name it alone: its value is that of the engine's environment", "%s is given a value", name)
		case !environmentName.MatchString(name):
			r.fail(p.Where("env"), "use letters, digits and _, not starting with a digit", "%q cannot name an environment variable", name)
		case strings.HasPrefix(name, "PLUGIN_") || name == "REFOLD_PLUGIN":
			r.fail(p.Where("env"), "remove it, or rename the variable", "%s is set by the engine for the plugin's handshake", name)
		case seen[name]:
			r.fail(p.Where("env"), "remove one of the two", "%s is named twice", name)
		}
		seen[name] = true
	}
	if p.Sets("timeout") && p.Timeout <= 0 {
		r.fail(p.Where("timeout"), "leave it out for the default", "timeout must be longer than nothing")
	}
}

func (r *rules) executable(at Pos, path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil || info.IsDir():
		r.fail(at, "build it first, or mend the path; it is relative to this file", "there is no file %s", path)
	case info.Mode()&0o111 == 0:
		r.fail(at, "run `chmod +x` on it; a script begins with `#!` and its interpreter", "%s is not executable", path)
	}
}

// unsandboxed refuses what only a module has.
func (r *rules) unsandboxed(pr *Projection) {
	for _, of := range []struct {
		key, hint string
		set       bool
	}{
		{"sha256", "put it under process:", pr.SHA256 != ""},
		{"memory_pages", "remove it, or bound the process by other means", pr.MemoryPages != 0},
		{"fuel_per_event", "remove it; `timeout:` under process: bounds a call", pr.FuelPerEvent != 0},
		{"stack_slots", "remove it", pr.StackSlots != 0},
		{"workers", "remove it: a process may use several cores itself", pr.Workers != 0},
	} {
		if of.set {
			r.fail(pr.Where(of.key), of.hint, "%s is about a module in the sandbox, and this projection is a process", of.key)
		}
	}
}
