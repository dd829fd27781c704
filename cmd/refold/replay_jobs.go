package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/engine/job"
)

func (a *app) replayListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the replay jobs: those that have not ended, and the latest that have",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withJobs(cmd.Context(), opening{}, func(_ *session, list []job.Job) error { return a.printJobs(list) })
		},
	}
}

func (a *app) replayShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show [JOB]",
		Short: "Show a replay job, or the one that was submitted last",
		Args:  args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withJobs(cmd.Context(), opening{}, func(_ *session, list []job.Job) error {
				one, err := lastOrNamed(list, args)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(one)
				}
				return a.printJobs([]job.Job{one})
			})
		},
	}
}

func (a *app) replayPauseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "pause [JOB]",
		Short: "Hold a replay job until it is resumed, across restarts",
		Long: `Hold a replay job behind its last checkpoint. What it has built stays; the pipeline
serves what it has, and goes on with it. Without an id it is about the one job that
there is to pause.`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.aboutJob(cmd.Context(), args, opening{}, job.Pause, func(s *session, one job.Job) error {
				return a.orderJob(s, one, (*control.Client).PauseJob, (*engine.KeptJobs).Pause, cmd.Context())
			})
		},
	}
}

func (a *app) replayResumeCommand() *cobra.Command {
	var detach bool
	c := &cobra.Command{
		Use:   "resume [JOB]",
		Short: "Go on with a replay job that is paused or was interrupted",
		Long: `Go on with a replay job from its last checkpoint: in the engine that runs or,
without one, here. Without an id it is about the one job that there is to resume.`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.aboutJob(cmd.Context(), args, opening{archived: true}, job.Resume, func(s *session, one job.Job) error {
				return a.resumeJob(cmd.Context(), s, one, detach)
			})
		},
	}
	c.Flags().BoolVar(&detach, "detach", false, "leave the job to the engine that runs, or to the next one")
	return c
}

func (a *app) resumeJob(ctx context.Context, s *session, one job.Job, detach bool) error {
	switch {
	case s.control != nil:
		one, err := s.control.ResumeJob(ctx, one.ID)
		if err != nil {
			return err
		}
		return a.follow(ctx, s, one, detach)
	case detach:
		return a.orderJob(s, one, nil, (*engine.KeptJobs).Resume, ctx)
	}
	spec, err := s.dir.Pipeline(one.Pipeline)
	if err != nil {
		return err
	}
	return a.withEngine(ctx, s, spec, func(e *engine.Engine) error {
		if one, err = e.ResumeJob(one.ID); err != nil {
			return err
		}
		return a.workHere(ctx, s, e, one, false)
	})
}

func (a *app) replayCancelCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "cancel [JOB]",
		Short: "End a replay job and remove what it has built",
		Long: `End a replay job. What it has built is removed, and nothing is left of it but its
record. Without an id it is about the one job that there is to cancel.`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.aboutJob(cmd.Context(), args, opening{archived: true}, job.Cancel, func(s *session, one job.Job) error {
				return a.cancelJob(cmd.Context(), s, one)
			})
		},
	}
}

func (a *app) cancelJob(ctx context.Context, s *session, one job.Job) error {
	if s.control != nil {
		return a.orderJob(s, one, (*control.Client).CancelJob, nil, ctx)
	}
	spec, err := s.dir.Pipeline(one.Pipeline)
	if errors.Is(err, datadir.ErrUnknownPipeline) {
		return a.orderJob(s, one, nil, (*engine.KeptJobs).Forget, ctx)
	}
	if err != nil {
		return err
	}
	return a.withEngine(ctx, s, spec, func(e *engine.Engine) error {
		one, err := e.CancelJob(ctx, one.ID)
		if err != nil {
			return err
		}
		return a.printOrdered(one)
	})
}

// orderJob has something done to a job: by the engine that runs, or to its record.
func (a *app) orderJob(s *session, one job.Job, there func(*control.Client, context.Context, uuid.UUID) (job.Job, error),
	here func(*engine.KeptJobs, uuid.UUID) (job.Job, error), ctx context.Context) error {
	if s.control != nil {
		one, err := there(s.control, ctx, one.ID)
		if err != nil {
			return err
		}
		return a.printOrdered(one)
	}
	kept, err := engine.OpenKeptJobs(s.dir.PipelinesPath())
	if err != nil {
		return err
	}
	if one, err = here(kept, one.ID); err != nil {
		return err
	}
	return a.printOrdered(one)
}

func (a *app) printOrdered(one job.Job) error {
	if a.json {
		return a.printJSON(one)
	}
	_, err := fmt.Fprintf(a.out, "%s: job %s is %s\n", one.Pipeline, one.ID, one.State)
	return err
}

// withJobs does something with the jobs of a data directory.
func (a *app) withJobs(ctx context.Context, want opening, do func(s *session, list []job.Job) error) (err error) {
	s, err := a.openExisting(ctx, want, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	list, err := jobsOf(ctx, s)
	if err != nil {
		return err
	}
	return do(s, list)
}

func jobsOf(ctx context.Context, s *session) ([]job.Job, error) {
	if s.control != nil {
		return s.control.Jobs(ctx)
	}
	kept, err := engine.OpenKeptJobs(s.dir.PipelinesPath())
	if err != nil {
		return nil, err
	}
	return kept.All()
}

// aboutJob does something with the job that is named, or with the only one that takes
// an input.
func (a *app) aboutJob(ctx context.Context, args []string, want opening, in job.Input, do func(*session, job.Job) error) error {
	return a.withJobs(ctx, want, func(s *session, list []job.Job) error {
		if len(args) > 0 {
			one, err := lastOrNamed(list, args)
			if err != nil {
				return err
			}
			return do(s, one)
		}
		var fit []job.Job
		for _, one := range list {
			if !one.State.Ended() && one.State.Takes(in) {
				fit = append(fit, one)
			}
		}
		switch len(fit) {
		case 0:
			return &hinted{fmt.Errorf("there is no replay job to %s", in), "`refold replay list` shows those that there are"}
		case 1:
			return do(s, fit[0])
		}
		var ids []string
		for _, one := range fit {
			ids = append(ids, fmt.Sprintf("%s of %s", one.ID, one.Pipeline))
		}
		return &usageError{fmt.Errorf("there are several replay jobs to %s: name one of %s", in, strings.Join(ids, ", "))}
	})
}

// lastOrNamed is the job with the id in args or, without one, the last.
func lastOrNamed(list []job.Job, args []string) (job.Job, error) {
	if len(args) == 0 {
		if len(list) == 0 {
			return job.Job{}, errors.New("there is no replay job")
		}
		return list[len(list)-1], nil
	}
	id, err := jobID(args[0])
	if err != nil {
		return job.Job{}, err
	}
	for _, one := range list {
		if one.ID == id {
			return one, nil
		}
	}
	return job.Job{}, &hinted{fmt.Errorf("%s: %w", id, job.ErrUnknown), "`refold replay list` lists them"}
}
