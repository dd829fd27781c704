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

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/snapshot"
)

func (a *app) resourceCommand() *cobra.Command {
	return a.group("resource", "Register compute resources and lead them through their life",
		a.registerCommand(), a.assignCommand(), a.showCommand(),
		a.statusChangeCommand("activate", "Put a resource into service", compute.Active),
		a.statusChangeCommand("maintain", "Take a resource into maintenance", compute.Maintenance),
		a.statusChangeCommand("decommission", "Retire a resource, for good", compute.Decommissioned))
}

func (a *app) registerCommand() *cobra.Command {
	var kind string
	c := &cobra.Command{
		Use:   "register HOSTNAME",
		Short: "Register a new resource and print its id",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			hostname, err := compute.ParseHostname(args[0])
			if err != nil {
				return &usageError{err}
			}
			resourceType := compute.ParseResourceType(kind)
			if resourceType == compute.Unknown && kind != compute.Unknown.String() {
				return &usageError{fmt.Errorf("unknown resource type %q: one of %v", kind, compute.ResourceTypes())}
			}
			o := newOrigin()
			return a.decide(cmd.Context(), uuid.Must(uuid.NewV7()), compute.RegisterResource{
				EventID: o.EventID, Time: o.Time, CorrelationID: o.CorrelationID, Hostname: hostname, ResourceType: resourceType,
			})
		},
	}
	c.Flags().StringVar(&kind, "type", "physical_server", "resource `type`")
	return c
}

func (a *app) assignCommand() *cobra.Command {
	var organization, location, owner string
	c := &cobra.Command{
		Use:   "assign ID",
		Short: "Assign a resource to an organization, a location or an owner",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("the resource", args[0])
			if err != nil {
				return err
			}
			command, err := assignment(organization, location, owner)
			if err != nil {
				return err
			}
			return a.decide(cmd.Context(), id, command)
		},
	}
	c.Flags().StringVar(&organization, "organization", "", "the organization's `id`")
	c.Flags().StringVar(&location, "location", "", "the location's `id`")
	c.Flags().StringVar(&owner, "owner", "", "the owner's `id`")
	return c
}

func assignment(organization, location, owner string) (compute.Command, error) {
	o := newOrigin()
	switch {
	case organization != "" && location == "" && owner == "":
		id, err := parseID("the organization", organization)
		return compute.AssignOrganization{Origin: o, OrganizationID: compute.OrganizationID{UUID: id}}, err
	case location != "" && organization == "" && owner == "":
		id, err := parseID("the location", location)
		return compute.AssignLocation{Origin: o, LocationID: compute.LocationID{UUID: id}}, err
	case owner != "" && organization == "" && location == "":
		id, err := parseID("the owner", owner)
		return compute.AssignOwner{Origin: o, OwnerID: compute.PersonID{UUID: id}}, err
	}
	return nil, &usageError{errors.New("give exactly one of --organization, --location and --owner")}
}

func (a *app) statusChangeCommand(name, short string, to compute.Status) *cobra.Command {
	return &cobra.Command{
		Use:   name + " ID",
		Short: short,
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("the resource", args[0])
			if err != nil {
				return err
			}
			return a.decide(cmd.Context(), id, compute.ChangeStatus{Origin: newOrigin(), ToStatus: to})
		},
	}
}

func (a *app) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Print a resource's state, folded from its events",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("the resource", args[0])
			if err != nil {
				return err
			}
			return a.show(cmd.Context(), id)
		},
	}
}

// newOrigin is that of a command that begins an undertaking of its own.
func newOrigin() compute.Origin {
	return compute.Origin{EventID: uuid.Must(uuid.NewV7()), Time: time.Now().UTC(), CorrelationID: uuid.Must(uuid.NewV7())}
}

func parseID(what, text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, &usageError{fmt.Errorf("%s's id %q is not a UUID", what, text)}
	}
	return id, nil
}

// decide carries out a command and prints the resource.
func (a *app) decide(ctx context.Context, id uuid.UUID, command compute.Command) (err error) {
	logger := a.logger(slog.LevelWarn)
	var s *session
	if _, first := command.(compute.RegisterResource); first {
		s, err = a.open(ctx, opening{}, logger)
	} else {
		s, err = a.openExisting(ctx, opening{}, logger)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	var output compute.LifecycleOutput
	definition := compute.Definition()
	in, err := s.resources(logger).Change(ctx, id, func(in aggregate.Instance[compute.State]) (aggregate.Commit[compute.State], error) {
		decision, err := compute.Handle(in.State, command)
		if err != nil {
			return aggregate.Commit[compute.State]{}, err
		}
		output = decision.Output
		return definition.Record(in, decision.Events()...)
	})
	if err != nil {
		return explainRefusal(err, in.State)
	}
	a.printWarnings(output.Warnings)
	return a.printResource(in.State)
}

// resources are those of the session's log, with snapshots beside it. They need
// no hold on the directory: an engine may have it.
func (s *session) resources(logger *slog.Logger) *repository.Repository[compute.State, compute.Command, compute.Event] {
	return repository.New(s.store, compute.Definition(), repository.Options{
		Snapshots: snapshot.At(s.dir.SnapshotsPath()), Digest: s.digest, Logger: logger,
	})
}

// printWarnings writes them to standard error: with --json as one object.
func (a *app) printWarnings(list []compute.Warning) {
	if a.json && len(list) > 0 {
		_ = json.NewEncoder(a.err).Encode(map[string]any{"warnings": list})
		return
	}
	for _, w := range list {
		fmt.Fprintf(a.err, "warning: %s (%s)\n", w.Text, w.Code)
	}
}

func (a *app) show(ctx context.Context, id uuid.UUID) (err error) {
	logger := a.logger(slog.LevelWarn)
	s, err := a.openExisting(ctx, opening{}, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	in, err := s.resources(logger).Load(ctx, id)
	if err != nil {
		return err
	}
	if !in.State.Initialized() {
		return explainRefusal(&compute.NotInitializedError{ID: id}, in.State)
	}
	return a.printResource(in.State)
}

// explainRefusal says what the caller can do instead.
func explainRefusal(err error, s compute.State) error {
	var unregistered *compute.NotInitializedError
	if errors.As(err, &unregistered) {
		return &hinted{err, "register it first: refold resource register HOSTNAME"}
	}
	var refused compute.CommandError
	if !errors.As(err, &refused) {
		return err
	}
	var next []compute.Status
	for _, to := range compute.Statuses() {
		if to != s.Status && s.Status.CanBecome(to) {
			next = append(next, to)
		}
	}
	if len(next) == 0 {
		return &hinted{err, fmt.Sprintf("the resource is %s, which is final", s.Status)}
	}
	return &hinted{err, fmt.Sprintf("the resource is %s; it can become %v", s.Status, next)}
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
