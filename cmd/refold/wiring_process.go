package main

import (
	"context"
	"errors"
	"strings"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/process"
)

// command is how a declared process is started.
func command(spec *config.Process) process.Command {
	return process.Command{Path: spec.Path(), Args: spec.Command[1:], SHA256: spec.SHA256, Env: spec.Env, Timeout: spec.Timeout.Std()}
}

// called is what a program is loaded from and with, but for what it is pinned to.
func called(c process.Command) string {
	return strings.Join(append(append([]string{c.Path, c.Timeout.String()}, c.Env...), c.Args...), "\x00")
}

// program loads each projection that is a process once. No executable is started
// that has another digest than the pinned one.
func (p *parts) program(ctx context.Context, spec *config.Process) (*process.Program, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := command(spec)
	loaded, ok := p.programs[called(c)]
	if ok && (c.SHA256 == "" || loaded.Digest() == "sha256:"+c.SHA256) {
		return loaded, nil
	}
	loaded, err := p.processes.Load(ctx, c)
	if err != nil {
		return nil, placedInProcess(err, spec)
	}
	p.programs[called(c)] = loaded
	return loaded, nil
}

// startProgram says how to start a projection that is a process.
func (p *parts) startProgram(ctx context.Context, spec config.Projection) (starter, error) {
	program, err := p.program(ctx, spec.Process)
	if err != nil {
		return nil, err
	}
	if spec.Workers > 1 {
		return nil, &config.Error{Pos: spec.Where("workers"), Message: "the projection is a process, and has no workers", Hint: "it may use several cores itself"}
	}
	return func(ctx context.Context) (engine.Plugin, error) { return program.Instantiate(ctx) }, nil
}

// openProcess opens an executor that is a process.
func (p *parts) openProcess(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
	x, err := p.processes.OpenExecutor(ctx, command(&spec.Process.Process), process.Opening{
		Pipeline: pipeline, Generation: generation, Config: []byte(spec.Process.Config)})
	if err != nil {
		return nil, err
	}
	return x, nil
}

// checkProcess checks an executor's executable, and starts nothing.
func (p *parts) checkProcess(spec *config.Process) error {
	if err := p.processes.CheckExecutable(command(spec)); err != nil {
		return placedInProcess(err, spec)
	}
	return nil
}

// checkExecutorProcess also starts it, if that is asked for. It is opened for nothing.
func (p *parts) checkExecutorProcess(ctx context.Context, spec *config.Process) error {
	if err := p.checkProcess(spec); err != nil || !p.starts {
		return err
	}
	if err := p.processes.StartExecutor(ctx, command(spec)); err != nil {
		return placedInProcess(err, spec)
	}
	return nil
}

// placedInProcess gives an error the place of the key that it is about.
func placedInProcess(err error, spec *config.Process) *config.Error {
	var fault *runtime.GuestError
	if errors.As(err, &fault) && fault.Code == runtime.WrongDigest {
		return placed(err, spec.Where("sha256"))
	}
	return placed(err, spec.Where("command"))
}
