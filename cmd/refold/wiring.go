package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/plugins/collect"
	"github.com/refold-dev/refold/plugins/filter"
	logexec "github.com/refold-dev/refold/plugins/log"
	"github.com/refold-dev/refold/plugins/null"
	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/process"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/manifest"
)

// parts opens the plugins and executors that configurations name.
type parts struct {
	host   *wasm.Host
	dir    datadir.Dir
	logger *slog.Logger

	// collected takes what collect executors have; without it that is discarded.
	collected *collection
	// session is whose log executors may use; nil while nothing is opened.
	session *session

	processes *process.Host
	// starts has check start processes: projections are asked for their manifests.
	starts bool

	mu              sync.Mutex
	modules         map[source]*wasm.Module
	executorModules map[source]*wasm.ExecutorModule
	programs        map[string]*process.Program
}

// source is what a module is loaded from and for.
type source struct {
	path   string
	limits wasm.Limits
}

func newParts(ctx context.Context, dir datadir.Dir, logger *slog.Logger) (*parts, error) {
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: cacheDir(), Logger: logger})
	if err != nil {
		return nil, err
	}
	return &parts{
		host: host, dir: dir, logger: logger, modules: map[source]*wasm.Module{}, executorModules: map[source]*wasm.ExecutorModule{},
		processes: process.NewHost(process.Options{Logger: logger}), programs: map[string]*process.Program{},
	}, nil
}

// cacheDir is where compiled modules are kept, shared by all data directories;
// empty for nowhere.
func cacheDir() string {
	if dir, set := os.LookupEnv("REFOLD_CACHE"); set {
		return dir
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "refold")
}

// plugin makes an instance of a projection, or a pool of them.
func (p *parts) plugin(ctx context.Context, spec config.Projection) (engine.Plugin, error) {
	for {
		start, err := p.load(ctx, spec)
		if err != nil {
			return nil, err
		}
		plugin, err := start(ctx)
		if !errors.Is(err, wasm.ErrClosed) { // dropModules has come between
			return plugin, err
		}
	}
}

// starter makes instances of a projection that is loaded.
type starter func(ctx context.Context) (engine.Plugin, error)

// load loads a projection, whatever it is.
func (p *parts) load(ctx context.Context, spec config.Projection) (starter, error) {
	if spec.Process != nil {
		return p.startProgram(ctx, spec)
	}
	m, err := p.module(ctx, spec)
	if err != nil {
		return nil, err
	}
	if spec.Workers > 1 {
		return func(ctx context.Context) (engine.Plugin, error) { return m.Pool(ctx, spec.Workers) }, nil
	}
	return func(ctx context.Context) (engine.Plugin, error) { return m.Instantiate(ctx) }, nil
}

// module loads each module once, also one that lies at several paths: in a pipeline's
// folder and, as a copy, in the data directory.
func (p *parts) module(ctx context.Context, spec config.Projection) (*wasm.Module, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	from := p.sourceOf(spec)
	m, ok := p.modules[from]
	if !ok {
		var err error
		if m, err = p.elsewhere(from); m == nil && err == nil {
			m, err = p.host.Load(ctx, from.path, from.limits)
		}
		if err != nil {
			return nil, err
		}
		p.modules[from] = m
	}
	if digest := strings.TrimPrefix(m.Digest(), "sha256:"); spec.SHA256 != "" && digest != spec.SHA256 {
		return nil, anotherDigest(spec.Where("sha256"), spec.WASM, digest)
	}
	if spec.Workers > 1 {
		if err := m.CheckWorkers(spec.Workers); err != nil {
			return nil, &config.Error{Pos: spec.Where("workers"), Message: err.Error(), Hint: "remove workers, or key the projection: the engine then keeps its states"}
		}
	}
	return m, nil
}

// elsewhere is a module that is loaded from another path and is the same; nil for none.
func (p *parts) elsewhere(from source) (*wasm.Module, error) {
	if len(p.modules) == 0 {
		return nil, nil
	}
	digest, err := wasm.Digest(from.path)
	if err != nil {
		return nil, err
	}
	for other, m := range p.modules {
		if other.limits == from.limits && m.Digest() == digest {
			return m, nil
		}
	}
	return nil, nil
}

func (p *parts) sourceOf(spec config.Projection) source {
	return source{p.dir.Placed(spec.WASM), limitsOf(spec)}
}

// dropModules frees the modules that are named by none of the pipelines, which are all
// that there are, as they are declared and as the generations were that are kept. What
// works with one goes on; the memory is given back when it ends.
func (p *parts) dropModules(ctx context.Context, needed []config.Pipeline) error {
	keep := map[source]bool{}
	for i := range needed {
		keep[p.sourceOf(needed[i].Projection)] = true
		for n := range needed[i].Executors {
			if x := needed[i].Executors[n].Innermost(); x.WASM != nil {
				keep[executorSource(x.WASM)] = true
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(dropUnless(ctx, p.modules, keep), dropUnless(ctx, p.executorModules, keep))
}

func dropUnless[M closer](ctx context.Context, modules map[source]M, keep map[source]bool) (err error) {
	dropped, kept := map[M]bool{}, map[M]bool{}
	for from, m := range modules {
		if keep[from] {
			kept[m] = true
			continue
		}
		dropped[m] = true
		delete(modules, from)
	}
	for m := range dropped {
		if !kept[m] {
			err = errors.Join(err, m.Close(ctx))
		}
	}
	return err
}

type closer interface {
	comparable
	Close(context.Context) error
}

// limitsOf are the limits that a pipeline sets; zero where it does not.
func limitsOf(spec config.Projection) wasm.Limits {
	return wasm.Limits{MemoryPages: spec.MemoryPages, FuelPerEvent: spec.FuelPerEvent, StackSlots: spec.StackSlots}
}

// executors says how to open each kind of executor.
var executors = map[string]func(p *parts, ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error){
	"sqlite": func(p *parts, ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
		return sqlite.Open(ctx, sqliteConfig(p.dir, spec.SQLite), pipeline, generation)
	},
	"log": func(p *parts, _ context.Context, _ config.Executor, _ string, _ uint64) (engine.Executor, error) {
		return logexec.New(p.logger), nil
	},
	"collect": func(p *parts, _ context.Context, spec config.Executor, pipeline string, _ uint64) (engine.Executor, error) {
		if p.collected == nil {
			return null.Executor{}, nil // nobody could look at it
		}
		return p.collected.open(pipeline, collect.Options{Limit: spec.Collect.Limit}), nil
	},
	"wasm": func(p *parts, ctx context.Context, spec config.Executor, _ string, _ uint64) (engine.Executor, error) {
		return p.wasmExecutor(ctx, spec.WASM)
	},
	"null": func(*parts, context.Context, config.Executor, string, uint64) (engine.Executor, error) {
		return null.Executor{}, nil
	},
	"process":  (*parts).openProcess,
	"postgres": (*parts).openPostgres,
	"nats":     openNATS,
	"http":     openHTTP,
	"file":     openFile,
}

// executor opens an executor, or a filter and what stands behind it.
func (p *parts) executor(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
	if spec.Filter != nil {
		x, err := p.executor(ctx, *spec.Filter.Executor, pipeline, generation)
		if err != nil {
			return nil, fmt.Errorf("filter: %w", err)
		}
		return filter.New(x, rule(spec.Filter)), nil
	}
	x, err := executors[spec.Kind()](p, ctx, spec, pipeline, generation)
	if err != nil { // not x: an interface around a nil pointer is not nil
		return nil, fmt.Errorf("%s: %w", spec.Kind(), err)
	}
	return x, nil
}

// rule is a filter's, whose names have been validated.
func rule(f *config.Filter) filter.Rule {
	r := filter.Rule{Collections: f.Collections, Events: f.Events}
	for _, name := range f.Kinds {
		kind, _ := effect.ParseKind(name)
		r.Kinds = append(r.Kinds, kind)
	}
	r.Level, _ = effect.ParseLevel(f.Level) // none is the least
	return r
}

func sqliteConfig(dir datadir.Dir, s *config.SQLite) sqlite.Config {
	return sqlite.Config{Path: dir.Resolve(s.Path), Tables: tables(s.Tables), Queries: queries(s.Queries)}
}

// tables are those that an executor declares.
func tables(declared []config.Table) (list []rows.Table) {
	for _, t := range declared {
		table := rows.Table{Name: t.Name, PrimaryKey: t.PrimaryKey}
		for _, column := range t.Columns {
			table.Columns = append(table.Columns, rows.Column{Name: column.Name, Type: rows.Type(column.Type)})
		}
		list = append(list, table)
	}
	return list
}

// check loads every module and checks that the declarations hold, without touching a
// data directory.
func (p *parts) check(ctx context.Context, c *config.Config) error {
	if errs := p.checkSound(ctx, c, nil); len(errs) > 0 {
		return errs
	}
	return nil
}

// checkSound checks the pipelines that none of the mistakes is about.
func (p *parts) checkSound(ctx context.Context, c *config.Config, mistakes config.Errors) (errs config.Errors) {
	for _, spec := range c.Sound(mistakes) {
		errs = append(errs, p.checkPipeline(ctx, spec, c)...)
	}
	return c.Hide(errs)
}

func (p *parts) checkPipeline(ctx context.Context, spec *config.Pipeline, c *config.Config) (errs config.Errors) {
	m, err := p.checkProjection(ctx, &spec.Projection)
	switch {
	case err != nil:
		errs = append(errs, placed(err, whereModule(err, spec.Projection.At, "wasm")))
	case m != nil:
		errs = append(errs, fit(spec, m, c.Catalog)...)
	}
	for i := range spec.Executors {
		x := spec.Executors[i].Innermost()
		if x.WASM != nil {
			errs = append(errs, p.checkWASMExecutor(ctx, x.WASM)...)
			errs = append(errs, p.checkKinds(ctx, &spec.Executors[i])...)
			continue
		}
		if err := p.checkExecutor(ctx, x, &c.Store); err != nil {
			errs = append(errs, placed(err, x.Where(x.Kind())))
		}
	}
	return errs
}

// checkProjection loads a projection, and returns its manifest. A process is not started
// unless that is asked for, and has none then: whoever checks a configuration may not
// want to run what it names.
func (p *parts) checkProjection(ctx context.Context, spec *config.Projection) (*manifest.Manifest, error) {
	if spec.Process == nil {
		m, err := p.module(ctx, *spec)
		if err != nil {
			return nil, err
		}
		known := m.Manifest()
		return &known, nil
	}
	if err := p.checkProcess(spec.Process); err != nil || !p.starts {
		return nil, err
	}
	program, err := p.program(ctx, spec.Process)
	if err != nil {
		return nil, err
	}
	known := program.Manifest()
	return &known, nil
}

func (p *parts) checkExecutor(ctx context.Context, x *config.Executor, store *config.Store) error {
	switch {
	case x.SQLite != nil:
		c := sqliteConfig(p.dir, x.SQLite)
		return c.Validate()
	case x.Postgres != nil:
		c := postgresConfig(x.Postgres)
		return c.Validate()
	case x.Process != nil:
		return p.checkExecutorProcess(ctx, &x.Process.Process)
	case x.NATS != nil:
		return checkNATS(x.NATS, store)
	case x.HTTP != nil:
		return checkHTTP(x.HTTP)
	}
	return nil
}

// whereModule is where a bound is set that a module does not keep to; else where the module
// is named, at key.
func whereModule(err error, at config.At, key string) config.Pos {
	var guest *runtime.GuestError
	if !errors.As(err, &guest) {
		return at.Where(key)
	}
	bounds := []string{}
	switch {
	case guest.Code == runtime.OutOfFuel:
		bounds = []string{"fuel_per_event", "fuel_per_effect"}
	case guest.Code == runtime.LimitExceeded && strings.Contains(guest.Reason, "pages of memory"):
		bounds = []string{"memory_pages"}
	}
	for _, bound := range bounds {
		if at.Sets(bound) {
			return at.Where(bound)
		}
	}
	return at.Where(key)
}

// placed gives an error the place in the YAML that it is about.
func placed(err error, at config.Pos) *config.Error {
	var e *config.Error
	if errors.As(err, &e) {
		return e
	}
	var guest *runtime.GuestError
	if !errors.As(err, &guest) {
		return &config.Error{Pos: at, Message: err.Error()}
	}
	bare := *guest
	bare.Hint = ""
	return &config.Error{Pos: at, Message: bare.Error(), Hint: guest.Hint}
}

func (p *parts) close(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(dropUnless(ctx, p.modules, nil), dropUnless(ctx, p.executorModules, nil), p.host.Close(ctx))
}
