package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/job"
)

// progressEvery is how often a replay's progress is shown.
const progressEvery = 200 * time.Millisecond

// replayWant is what a command line says of a replay.
type replayWant struct {
	job.Request
	until  string
	detach bool
}

func (a *app) replayCommand() *cobra.Command {
	var want replayWant
	c := &cobra.Command{
		Use:   "replay PIPELINE",
		Short: "Rebuild a pipeline's read model from the log and swap it in",
		Long: `Rebuild a pipeline's read model from the beginning of the log.

The new read model is built beside the old one, which serves until the new one
has caught up; then readers see the new one, in one step. If the replay fails or
is cancelled, the old one stays as it is.

A replay is a job. Where an engine runs, it works the job, goes on without this
command, and after its own end when it starts again. Without one the job is worked
here; if that is interrupted, refold replay resume goes on from its last checkpoint.

With --until the read model is built as it was, in tables of its own, which replace
none and stay until refold replay drop. A time means the last event that had happened
then, by the events' own times.

A pipeline that is called as a command below is named behind --.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range []string{"workers", "rate"} {
				if f := cmd.Flags().Lookup(name); f.Changed && f.Value.String() == "0" {
					return &usageError{fmt.Errorf("--%s: 0 is none; leave it away for what the configuration says", name)}
				}
			}
			return a.replay(cmd.Context(), args[0], want)
		},
	}
	c.Flags().IntVar(&want.Workers, "workers", 0, "fold with this `number` of instances of the projection; without it as it is declared or, of a keyed one, as many as there are cores")
	c.Flags().StringVar(&want.until, "until", "", "build it as it was at a `position`, or at a time, as RFC 3339 has it, beside the one that serves")
	c.Flags().IntVar(&want.Rate, "rate", 0, "fold at most so many `events` a second; without it as the engine is configured")
	c.Flags().BoolVar(&want.detach, "detach", false, "print the job and leave it to the engine that runs, or to the next one")
	c.AddCommand(a.rollbackCommand(), a.generationsCommand(), a.dropGenerationCommand(),
		a.replayListCommand(), a.replayShowCommand(), a.replayPauseCommand(), a.replayResumeCommand(), a.replayCancelCommand())
	return c
}

func (a *app) replay(ctx context.Context, pipeline string, want replayWant) (err error) {
	want.Pipeline = pipeline
	if want.until != "" {
		m, err := parseMoment("until", want.until)
		if err != nil {
			return err
		}
		want.Until, want.UntilTime = m.Position, m.Time
	}
	if err := want.Validate(); err != nil {
		return &usageError{fmt.Errorf("--%w", err)}
	}
	s, err := a.openExisting(ctx, opening{archived: true}, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	spec, err := a.declared(s.dir, pipeline)
	if err != nil {
		return err
	}
	if s.control != nil {
		one, err := s.control.Submit(ctx, want.Request)
		if err != nil {
			return err
		}
		return a.follow(ctx, s, one, want.detach)
	}
	return a.withEngine(ctx, s, spec, func(e *engine.Engine) error {
		one, err := e.Submit(ctx, want.Request)
		if err != nil {
			return err
		}
		return a.workHere(ctx, s, e, one, want.detach)
	})
}

// withEngine opens one pipeline where no engine runs.
func (a *app) withEngine(ctx context.Context, s *session, spec config.Pipeline, do func(*engine.Engine) error) (err error) {
	parts, err := newParts(ctx, s.dir, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close(context.WithoutCancel(ctx))) }()
	r := pipelineRun{session: s, parts: parts, pipelines: []config.Pipeline{spec}}
	e, err := r.open(ctx, engine.Observer{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close(context.WithoutCancel(ctx))) }()
	return do(e)
}

// follow shows the progress of a job that the engine which runs works.
func (a *app) follow(ctx context.Context, s *session, one job.Job, detach bool) error {
	if detach {
		return a.printSubmitted(one)
	}
	show, shown := a.showReplay("replaying " + one.Pipeline)
	last, err := s.control.Watch(ctx, one.ID, show)
	shown()
	if ctx.Err() != nil {
		return &hinted{fmt.Errorf("the replay of %s goes on in the engine: %w", one.Pipeline, ctx.Err()),
			fmt.Sprintf("`refold replay show %s` shows it, `refold replay cancel %s` ends it", one.ID, one.ID)}
	}
	if err != nil {
		return err
	}
	return a.printReplayed(s, last)
}

// workHere works a job without a running engine.
func (a *app) workHere(ctx context.Context, s *session, e *engine.Engine, one job.Job, detach bool) error {
	if detach {
		return a.printSubmitted(one)
	}
	show, shown := a.showReplay("replaying " + one.Pipeline)
	err := progressing(func() error { return e.Work(ctx, one.ID) }, func() {
		if now, err := e.Job(one.ID); err == nil && now.State == job.Running {
			show(now)
		}
	})
	shown()
	last, failure := e.Job(one.ID)
	if failure != nil {
		return errors.Join(err, failure)
	}
	if ctx.Err() != nil && !last.State.Ended() {
		return &hinted{fmt.Errorf("the replay of %s is interrupted at position %d: %w", one.Pipeline, last.Position, ctx.Err()),
			fmt.Sprintf("`refold replay resume %s` goes on from there, and so does the next engine; `refold replay cancel %s` ends it", one.ID, one.ID)}
	}
	if err != nil {
		return err
	}
	return a.printReplayed(s, last)
}

// progressing does something, and calls show from time to time until it is done.
func progressing(do func() error, show func()) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			show()
		case err := <-done:
			return err
		}
	}
}

// latestJob is the job of a pipeline that was submitted last.
func latestJob(e *engine.Engine, pipeline string) (last job.Job) {
	for _, one := range e.Jobs() {
		if one.Pipeline == pipeline {
			last = one
		}
	}
	return last
}

// jobID reads the id of a job.
func jobID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, &usageError{fmt.Errorf("%q is no job's id: `refold replay list` lists them", text)}
	}
	return id, nil
}
