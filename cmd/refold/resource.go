package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/resources"
	"github.com/refold-dev/refold/eventstore/snapshot"
	"github.com/refold-dev/refold/eventstore/traced"
)

func (a *app) resourceCommand() *cobra.Command {
	return a.group("resource", "Register compute resources and lead them through their life",
		a.registerCommand(), a.showCommand(), a.existsCommand(), a.assignCommand(),
		a.policyCommand("add-policy", "Put a resource under a policy", addPolicy),
		a.policyCommand("remove-policy", "Take a resource out of a policy", removePolicy),
		a.assignConceptCommand(), a.clearConceptCommand(), a.hardwareCommand(), a.assetTagCommand(), a.metadataCommand(),
		a.changeStatusCommand(),
		a.statusChangeCommand("activate", "Put a resource into service", compute.Active),
		a.statusChangeCommand("maintain", "Take a resource into maintenance", compute.Maintenance),
		a.statusChangeCommand("decommission", "Retire a resource, for good", compute.Decommissioned))
}

// action carries a command out on a resource.
type action func(ctx context.Context, s *resources.Service, id uuid.UUID) (resources.Outcome, error)

// on is the action of a service's method and its command.
func on[C any](method func(*resources.Service, context.Context, uuid.UUID, C) (resources.Outcome, error), c C) action {
	return func(ctx context.Context, s *resources.Service, id uuid.UUID) (resources.Outcome, error) {
		return method(s, ctx, id, c)
	}
}

// origin is where a command comes from, as flags say it.
type origin struct{ command, correlation, cause string }

func (o *origin) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.command, "command-id", "", "the command's `id`: repeated with the same one, it is carried out once")
	c.Flags().StringVar(&o.correlation, "correlation", "", "the `id` of the undertaking that the command belongs to")
}

// parse draws what the flags leave open. The time is the present.
func (o *origin) parse() (out compute.Origin, err error) {
	out = compute.Origin{EventID: uuid.Must(uuid.NewV7()), Time: time.Now().UTC(), CorrelationID: uuid.Must(uuid.NewV7())}
	if o.command != "" {
		if out.EventID, err = parseID("the command", o.command); err != nil {
			return out, err
		}
	}
	if o.correlation != "" {
		if out.CorrelationID, err = parseID("the correlation", o.correlation); err != nil {
			return out, err
		}
	}
	if o.cause != "" {
		out.CausationID.Valid = true
		out.CausationID.UUID, err = parseID("the cause", o.cause)
	}
	return out, err
}

// onResource is a command on the resource that its first argument names. build
// makes the action of the arguments behind that.
func (a *app) onResource(c *cobra.Command, arguments int, build func(o compute.Origin, args []string) (action, error)) *cobra.Command {
	var from origin
	from.flags(c)
	c.Flags().StringVar(&from.cause, "cause", "", "the `id` of the event or command that caused this one")
	c.Args = args(cobra.ExactArgs(1 + arguments))
	c.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := parseID("the resource", args[0])
		if err != nil {
			return err
		}
		o, err := from.parse()
		if err != nil {
			return err
		}
		do, err := build(o, args[1:])
		if err != nil {
			return err
		}
		s, err := a.openExisting(cmd.Context(), opening{archived: true}, a.logger(slog.LevelWarn))
		if err != nil {
			return err
		}
		return a.act(cmd.Context(), s, resources.Options{}, id, o.EventID, do)
	}
	return c
}

// act carries out an action, prints the resource, and closes the session.
func (a *app) act(ctx context.Context, s *session, options resources.Options, id, command uuid.UUID, do action) (err error) {
	defer func() { err = errors.Join(err, s.close()) }()
	logger := a.logger(slog.LevelWarn)
	spans, err := commandTraces(ctx, logger)
	if err != nil {
		return err
	}
	defer spans.end()
	out, err := do(callersTrace(ctx), s.resources(options, spans, logger), id)
	if err != nil {
		return explainRefusal(err, out.State, command)
	}
	a.printNotes(out, command)
	return a.printResource(out.State)
}

// resources are those of the session's log, with snapshots beside it, and with spans made
// of their appends. They need no hold on the directory: an engine may have it.
func (s *session) resources(o resources.Options, tracer trace.Tracer, logger *slog.Logger) *resources.Service {
	o.Repository = repository.Options{Digest: s.digest, Logger: logger}
	var store repository.Store = s.store
	if s.control != nil {
		store = besideEngine{s}
	}
	if s.log != nil { // or there is no directory
		o.Repository.Snapshots = snapshot.At(s.dir.SnapshotsPath())
	}
	return resources.New(traced.Wrap(store, tracer), o)
}

// besideEngine reads aggregates from the archive of the engine that has the
// directory: the log itself has no index by version.
type besideEngine struct{ *session }

func (b besideEngine) Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error) {
	return b.store.Append(ctx, agg, expected, events...)
}

func (b besideEngine) Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	return b.control.Events(ctx, control.EventQuery{Aggregate: agg, Version: max(from, 1)})
}

func (a *app) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Print a resource's state, folded from its events",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.ask(cmd.Context(), args[0], func(ctx context.Context, s *resources.Service, id uuid.UUID) error {
				state, err := s.Get(ctx, id)
				if err != nil {
					return explainRefusal(err, state, uuid.Nil)
				}
				return a.printResource(state)
			})
		},
	}
}

func (a *app) existsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "exists ID",
		Short: "Print whether a resource is registered: true or false",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.ask(cmd.Context(), args[0], func(ctx context.Context, s *resources.Service, id uuid.UUID) error {
				exists, err := s.Exists(ctx, id)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(map[string]any{"id": id, "exists": exists})
				}
				_, err = fmt.Fprintln(a.out, exists)
				return err
			})
		},
	}
}

// ask asks about the one resource that a text names.
func (a *app) ask(ctx context.Context, text string, question func(context.Context, *resources.Service, uuid.UUID) error) (err error) {
	id, err := parseID("the resource", text)
	if err != nil {
		return err
	}
	logger := a.logger(slog.LevelWarn)
	s, err := a.openExisting(ctx, opening{archived: true}, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	return question(ctx, s.resources(resources.Options{}, noop.Tracer{}, logger), id)
}

func parseID(what, text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, &usageError{fmt.Errorf("%s's id %q is not a UUID", what, text)}
	}
	return id, nil
}

// notes are what a command leads to besides the resource's state.
type notes struct {
	Warnings []compute.Warning `json:"warnings,omitempty"`
	Critical bool              `json:"critical,omitempty"`
	Advice   []compute.Warning `json:"advice,omitempty"`
	Repeated bool              `json:"repeated,omitempty"`
}

// printNotes writes warnings and advice to standard error: with --json as one
// object.
func (a *app) printNotes(out resources.Outcome, command uuid.UUID) {
	n := notes{Warnings: out.Output.Warnings, Critical: out.Output.Critical, Repeated: out.Repeated}
	for _, advice := range out.Advice {
		n.Advice = append(n.Advice, compute.Warning{Code: compute.WarningCode(advice.Code()), Text: advice.Error()})
	}
	if len(n.Warnings) == 0 && len(n.Advice) == 0 && !n.Repeated {
		return
	}
	if a.json {
		_ = json.NewEncoder(a.err).Encode(n)
		return
	}
	if n.Repeated {
		fmt.Fprintf(a.err, "command %s has been carried out before; this is the resource as it was then\n", command)
	}
	for _, w := range n.Warnings {
		critical := ""
		if n.Critical {
			critical = ", critical"
		}
		fmt.Fprintf(a.err, "warning: %s (%s%s)\n", w.Text, w.Code, critical)
	}
	for _, w := range n.Advice {
		fmt.Fprintf(a.err, "advice: %s (%s)\n", w.Text, w.Code)
	}
}

func (a *app) printResource(s compute.State) error {
	if a.json {
		return a.printJSON(s)
	}
	return a.table([][]any{
		{"ID", "HOSTNAME", "TYPE", "STATUS", "VERSION"},
		{s.ID, s.Hostname, s.ResourceType, s.Status, s.Version},
	})
}
