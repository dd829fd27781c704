package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/capability"
	"github.com/refold-dev/refold/runtime/executor"
	"github.com/refold-dev/refold/runtime/wasm"
)

// wasmExecutor opens an executor whose effects a module performs.
func (p *parts) wasmExecutor(ctx context.Context, spec *config.WASMExecutor) (engine.Executor, error) {
	m, grants, err := p.admit(ctx, spec)
	for err == nil && m.Hold() != nil { // dropModules has come between
		m, grants, err = p.admit(ctx, spec)
	}
	if err != nil {
		return nil, err
	}
	calls, err := capability.Open(grants)
	if err != nil {
		return nil, errors.Join(&config.Error{Pos: spec.Where("capabilities"), Message: err.Error()}, m.Release(ctx))
	}
	var kinds []effect.Kind
	for _, name := range m.Manifest().Kinds {
		kind, _ := effect.ParseKind(name) // a manifest's kinds are valid
		kinds = append(kinds, kind)
	}
	return executor.Open(ctx, executor.Options{
		Name: m.Manifest().Name, Kinds: kinds, World: &moduleWorld{calls, m}, Logger: p.logger,
		Start: func(ctx context.Context) (executor.Guest, error) { return m.Instantiate(ctx, configOf(spec), calls) },
	})
}

// moduleWorld is the world of a module's instances, of which one may follow another: the
// module stays loaded for as long as it is open.
type moduleWorld struct {
	*capability.Calls
	module *wasm.ExecutorModule
}

func (w *moduleWorld) Close() error {
	return errors.Join(w.Calls.Close(), w.module.Release(context.Background()))
}

// configOf is what a module is given.
func configOf(spec *config.WASMExecutor) []byte {
	if spec.Config == nil {
		return []byte("{}")
	}
	return spec.Config
}

// admit loads an executor's module and holds what it wants to what it is granted. The
// errors have their places.
func (p *parts) admit(ctx context.Context, spec *config.WASMExecutor) (*wasm.ExecutorModule, capability.Grants, error) {
	m, err := p.executorModule(ctx, spec)
	if err != nil {
		return nil, capability.Grants{}, placed(err, whereModule(err, spec.At, "module"))
	}
	grants, errs := grantsOf(p, spec)
	for _, missing := range grants.Missing(m.Manifest().Wants) {
		errs = append(errs, &config.Error{Pos: spec.Where("capabilities"),
			Message: fmt.Sprintf("plugin %s: %s", m.Manifest().Name, missing.Told()), Hint: missing.Hint()})
	}
	if err := grants.Validate(); err != nil && len(errs) == 0 {
		errs = append(errs, &config.Error{Pos: spec.Where("capabilities"), Message: err.Error()})
	}
	if spec.Config != nil && !m.Configurable() {
		errs = append(errs, &config.Error{Pos: spec.Where("config"), Message: fmt.Sprintf("plugin %s takes no configuration", m.Manifest().Name), Hint: "remove config"})
	}
	if len(errs) > 0 {
		return nil, grants, errs
	}
	return m, grants, nil
}

// executorModule loads each module once.
func (p *parts) executorModule(ctx context.Context, spec *config.WASMExecutor) (*wasm.ExecutorModule, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	from := executorSource(spec)
	m, ok := p.executorModules[from]
	if ok && p.replaced(from.path, m) {
		delete(p.executorModules, from)
		if err := m.Close(ctx); err != nil {
			return nil, err
		}
		ok = false
	}
	if !ok {
		var err error
		if m, err = p.host.LoadExecutor(ctx, from.path, from.limits); err != nil {
			return nil, err
		}
		p.executorModules[from] = m
	}
	if digest := strings.TrimPrefix(m.Digest(), "sha256:"); spec.SHA256 != "" && digest != spec.SHA256 {
		return nil, anotherDigest(spec.Where("sha256"), spec.Module, digest)
	}
	return m, nil
}

func executorSource(spec *config.WASMExecutor) source {
	return source{spec.Module, wasm.Limits{MemoryPages: spec.MemoryPages, FuelPerEvent: spec.FuelPerEffect, StackSlots: spec.StackSlots}}
}

// replaced reports whether a module's file holds another one by now.
func (p *parts) replaced(path string, m *wasm.ExecutorModule) bool {
	text, err := os.ReadFile(path)
	return err == nil && fmt.Sprintf("sha256:%x", sha256.Sum256(text)) != m.Digest()
}

// anotherDigest is a module that is not the one that was pinned.
func anotherDigest(at config.Pos, path, digest string) *config.Error {
	return &config.Error{Pos: at, Message: fmt.Sprintf("the module %s has another digest: %s", path, digest),
		Hint: "if you trust the module as it is now, pin this digest"}
}

// grantsOf are the grants that a configuration lists.
func grantsOf(p *parts, spec *config.WASMExecutor) (g capability.Grants, errs config.Errors) {
	c := &spec.Capabilities
	g.Timeout = time.Duration(spec.Timeout)
	for _, listed := range c.HTTP {
		host, err := capability.ParseHTTPHost(listed.Host)
		if err != nil {
			errs = append(errs, &config.Error{Pos: listed.Where("host"), Message: err.Error(), Hint: "write HOST, HOST:PORT or http://HOST:PORT"})
			continue
		}
		host.Private = host.Private || listed.Private
		g.HTTP = append(g.HTTP, host)
	}
	g.SQL, g.Secrets = map[string]capability.Database{}, map[string]capability.Source{}
	for _, e := range c.SQL {
		d := capability.Database{Source: capability.Source{Env: e.Value.Env, File: e.Value.File}}
		if e.Value.SQLite != "" {
			d.SQLite = p.dir.Resolve(e.Value.SQLite)
		}
		g.SQL[e.Name] = d
	}
	for _, e := range c.Secrets {
		g.Secrets[e.Name] = capability.Source{Env: e.Value.Env, File: e.Value.File}
	}
	g.NATS = capability.NATS{
		URL: c.NATS.URL, Credentials: c.NATS.Credentials, TokenFile: c.NATS.TokenFile, User: c.NATS.User, PasswordFile: c.NATS.PasswordFile,
		CA: c.NATS.CA, Cert: c.NATS.Cert, Key: c.NATS.Key, Subjects: c.NATS.Subjects,
	}
	for _, subject := range c.NATS.Subjects {
		if err := capability.CheckSubject(subject); err != nil {
			errs = append(errs, &config.Error{Pos: c.NATS.Where("subjects"), Message: err.Error()})
		}
	}
	return g, errs
}

// checkWASMExecutor checks a module as far as it can be without its secrets: it loads,
// gets what it wants, and takes its configuration.
func (p *parts) checkWASMExecutor(ctx context.Context, spec *config.WASMExecutor) config.Errors {
	m, _, err := p.admit(ctx, spec)
	var errs config.Errors
	if errors.As(err, &errs) {
		return errs
	} else if err != nil {
		return config.Errors{placed(err, spec.Where("module"))}
	}
	nothing, err := capability.Open(capability.Grants{})
	if err != nil {
		return config.Errors{placed(err, spec.Where("capabilities"))}
	}
	i, err := m.Instantiate(ctx, configOf(spec), nothing)
	if err == nil {
		err = i.Close(ctx)
	}
	if err = errors.Join(err, nothing.Close()); err == nil {
		return nil
	}
	at := whereModule(err, spec.At, "module")
	var guest *runtime.GuestError
	if errors.As(err, &guest) && guest.Code == runtime.BadConfig {
		at = spec.Where("config")
	}
	return config.Errors{placed(err, at)}
}
