package config

import (
	"cmp"
	"fmt"
	"os"
	"regexp"

	"github.com/refold-dev/refold/domain/event"
)

var (
	pipelineName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)
	sqlName      = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)
	streamName   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	hexDigest    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// rules collects what breaks the rules that span more than one value's type.
type rules struct{ errs Errors }

func (r *rules) fail(at Pos, hint, format string, args ...any) {
	r.errs = append(r.errs, &Error{Pos: at, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// IsPipelineName reports whether a pipeline can have this name.
func IsPipelineName(name string) bool { return pipelineName.MatchString(name) }

func (c *Config) validate() Errors {
	var r rules
	r.store(&c.Store)
	r.replay(&c.Replay)
	r.control(c)
	r.log(&c.Log)
	r.monitor(&c.Monitor)
	r.tracing(&c.Tracing)
	r.catalog(c.Catalog)
	r.foldersOnce(c.Pipelines)
	r.tablesOnce(c.Pipelines)
	first := map[string]Pos{}
	for i := range c.Pipelines {
		p := &c.Pipelines[i]
		r.pipeline(p)
		r.logsSubjects(p, &c.Store)
		r.controlsSubjects(p, c)
		if at, twice := first[p.Name]; twice && p.Name != "" {
			r.fail(p.Where("name"), "give one of the two another name", "pipeline %q is declared twice, first at %s", p.Name, at)
		}
		first[p.Name] = p.Where("name")
	}
	return r.errs
}

// defaultPrefix is the first token of subjects where no YAML says another.
const defaultPrefix = "infrastructure"

// SubjectPrefix is the first token of the log's subjects.
func (s *Store) SubjectPrefix() string { return cmp.Or(s.Prefix, defaultPrefix) }

func (r *rules) store(s *Store) {
	if s.Sync != "" && s.Sync != "always" && s.Sync != "interval" {
		r.fail(s.Where("sync"), Closest(s.Sync, []string{"always", "interval"}), "unknown sync %q", s.Sync)
	}
	if s.Archive != "" && s.Archive != "plain" && s.Archive != ArchiveZstd {
		r.fail(s.Where("archive"), Closest(s.Archive, []string{"plain", ArchiveZstd}), "unknown archive %q", s.Archive)
	}
	if s.Sync != "" && s.URL != "" {
		r.fail(s.Where("sync"), "set it on that server: sync_interval in its jetstream block", "sync is the embedded log's; with a url the server decides")
	}
	if s.Prefix != "" && event.ValidateTypeName(s.Prefix) != nil {
		r.fail(s.Where("prefix"), "use a-z, 0-9 and _", "prefix %q is not one token of a subject", s.Prefix)
	}
	if s.URL == "" {
		r.embedded(s)
	}
	r.login(s.At, s.URL, &s.Login)
	if s.outside("replicas", int64(s.Replicas), maxReplicas) {
		r.fail(s.Where("replicas"), "3 survive the loss of one server, 5 of two", "replicas must lie between 1 and %d", maxReplicas)
	}
	if s.Stream != "" && !streamName.MatchString(s.Stream) {
		r.fail(s.Where("stream"), "use letters, digits, _ and -", "%q cannot name a stream", s.Stream)
	}
}

// maxReplicas is the server's own bound.
const maxReplicas = 5

// embedded refuses what only a server elsewhere has.
func (r *rules) embedded(s *Store) {
	for _, of := range []struct {
		key string
		set bool
	}{
		{"stream", s.Stream != ""}, {"replicas", s.Replicas != 0},
	} {
		if of.set {
			r.fail(s.Where(of.key), "set url, or remove "+of.key, "%s without a url", of.key)
		}
	}
}

func (r *rules) pipeline(p *Pipeline) {
	switch {
	case p.Name == "":
		r.fail(p.Where("name"), "add `name:`", "the pipeline has no name")
	case !IsPipelineName(p.Name):
		r.fail(p.Where("name"), "use a-z, 0-9, _ and -, starting with a letter, at most 64", "%q cannot name a pipeline", p.Name)
	}
	for _, name := range p.Source.Events {
		if err := event.ValidateTypeName(name); err != nil {
			r.fail(p.Source.Where("events"), "event types are in snake_case", "event type: %s", err)
		}
	}
	for _, name := range p.Source.Aggregates {
		if err := event.ValidateTypeName(name); err != nil {
			r.fail(p.Source.Where("aggregates"), "aggregate types are in snake_case", "aggregate type: %s", err)
		}
	}
	r.oneOf(p.Where("on_error"), "on_error", p.OnError, policies)
	r.oneOf(p.Where("on_change"), "on_change", p.OnChange, changes)
	r.generations(&p.Generations)
	r.snapshots(&p.Snapshots)
	r.projection(p)
	for i := range p.Executors {
		r.executor(&p.Executors[i])
	}
}

// maxGenerations bounds what a slip of the pen keeps.
const maxGenerations = 100

func (r *rules) generations(g *Generations) {
	if g.Kept() < 0 || g.Kept() > maxGenerations {
		r.fail(g.Where("keep"), "0 keeps none", "keep must lie between 0 and %d", maxGenerations)
	}
	if g.Sets("for") && g.For <= 0 {
		r.fail(g.Where("for"), "leave it out to keep them for ever; `keep: 0` keeps none", "for must be longer than nothing")
	}
	if g.Sets("for") && g.Kept() == 0 {
		r.fail(g.Where("for"), "remove it, or keep one", "for is about generations that are kept, and keep is 0")
	}
}

// The most that the sandbox takes.
const (
	maxMemoryPages  = 1<<16 - 1
	maxFuelPerEvent = 1 << 40
	maxStackSlots   = 1 << 23
	maxWorkers      = 64
)

func (r *rules) projection(p *Pipeline) {
	pr := &p.Projection
	switch {
	case pr.Process != nil && pr.WASM != "":
		r.fail(pr.Where("process"), "remove one of the two", "the projection is a module and a process")
		return
	case pr.Process != nil:
		r.process(pr.Process)
		r.unsandboxed(pr)
		return
	case pr.WASM == "":
		at := pr.Where("wasm")
		if at.Line == 0 {
			at = p.Where("projection")
		}
		r.fail(at, "add `projection: {wasm: FILE.wasm}`, or `{process: {command: [./FILE]}}`", "the pipeline has no projection module")
		return
	}
	switch info, err := os.Stat(pr.WASM); {
	case err == nil && info.IsDir():
		r.fail(pr.Where("wasm"), "name the file in it that is the module", "%s is a folder", pr.WASM)
	case err != nil:
		r.fail(pr.Where("wasm"), "build the module first, or mend the path; it is relative to this file", "there is no file %s", pr.WASM)
	}
	if pr.SHA256 != "" && !hexDigest.MatchString(pr.SHA256) {
		r.fail(pr.Where("sha256"), "see `sha256sum FILE.wasm`", "%q is not a SHA-256 in 64 lower-case hex digits", pr.SHA256)
	}
	if pr.outside("memory_pages", int64(pr.MemoryPages), maxMemoryPages) {
		r.fail(pr.Where("memory_pages"), "a page is 64 KiB", "memory_pages must lie between 1 and %d", maxMemoryPages)
	}
	if pr.outside("fuel_per_event", int64(pr.FuelPerEvent), maxFuelPerEvent) {
		r.fail(pr.Where("fuel_per_event"), "a unit is about one instruction", "fuel_per_event must lie between 1 and %d", int64(maxFuelPerEvent))
	}
	if pr.outside("stack_slots", int64(pr.StackSlots), maxStackSlots) {
		r.fail(pr.Where("stack_slots"), "a slot is about one local variable", "stack_slots must lie between 1 and %d", maxStackSlots)
	}
	if pr.outside("workers", int64(pr.Workers), maxWorkers) {
		r.fail(pr.Where("workers"), "more than there are processors do not help", "workers must lie between 1 and %d", maxWorkers)
	}
}
