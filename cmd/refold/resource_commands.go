package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/eventstore/resources"
)

func (a *app) registerCommand() *cobra.Command {
	var kind string
	var from origin
	var options resources.Options
	c := &cobra.Command{
		Use:   "register HOSTNAME",
		Short: "Register a new resource and print its id",
		Long: `Register a new resource and print its id. With --unique-hostname the name is
claimed first: it is refused while another resource has it that was registered so
and is not decommissioned. Case makes no difference. A registration that is
repeated by its --command-id claims the name if it had not.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			register, err := registration(args[0], kind, &from)
			if err != nil {
				return err
			}
			s, err := a.open(cmd.Context(), opening{archived: true}, a.logger(slog.LevelWarn))
			if err != nil {
				return err
			}
			return a.act(cmd.Context(), s, options, uuid.Nil, register.EventID, func(ctx context.Context, s *resources.Service, _ uuid.UUID) (resources.Outcome, error) {
				return s.RegisterResource(ctx, register)
			})
		},
	}
	from.flags(c)
	c.Flags().StringVar(&kind, "type", "physical_server", "resource `type`")
	c.Flags().BoolVar(&options.UniqueHostnames, "unique-hostname", false, "refuse a hostname that is taken")
	return c
}

func registration(name, kind string, from *origin) (c compute.RegisterResource, err error) {
	if c.Hostname, err = compute.ParseHostname(name); err != nil {
		return c, &usageError{err}
	}
	c.ResourceType = compute.ParseResourceType(kind)
	if c.ResourceType == compute.Unknown && kind != compute.Unknown.String() {
		return c, &usageError{fmt.Errorf("unknown resource type %q: one of %v", kind, compute.ResourceTypes())}
	}
	o, err := from.parse()
	c.EventID, c.Time, c.CorrelationID = o.EventID, o.Time, o.CorrelationID
	return c, err
}

func (a *app) assignCommand() *cobra.Command {
	var organization, location, owner string
	c := &cobra.Command{Use: "assign ID", Short: "Assign a resource to an organization, a location or an owner"}
	c.Flags().StringVar(&organization, "organization", "", "the organization's `id`")
	c.Flags().StringVar(&location, "location", "", "the location's `id`")
	c.Flags().StringVar(&owner, "owner", "", "the owner's `id`")
	return a.onResource(c, 0, func(o compute.Origin, _ []string) (action, error) {
		switch {
		case organization != "" && location == "" && owner == "":
			id, err := parseID("the organization", organization)
			return on((*resources.Service).AssignOrganization, compute.AssignOrganization{Origin: o, OrganizationID: compute.OrganizationID{UUID: id}}), err
		case location != "" && organization == "" && owner == "":
			id, err := parseID("the location", location)
			return on((*resources.Service).AssignLocation, compute.AssignLocation{Origin: o, LocationID: compute.LocationID{UUID: id}}), err
		case owner != "" && organization == "" && location == "":
			id, err := parseID("the owner", owner)
			return on((*resources.Service).AssignOwner, compute.AssignOwner{Origin: o, OwnerID: compute.PersonID{UUID: id}}), err
		}
		return nil, &usageError{errors.New("give exactly one of --organization, --location and --owner")}
	})
}

func (a *app) policyCommand(name, short string, build func(compute.Origin, compute.PolicyID) action) *cobra.Command {
	return a.onResource(&cobra.Command{Use: name + " ID POLICY", Short: short}, 1, func(o compute.Origin, args []string) (action, error) {
		id, err := parseID("the policy", args[0])
		return build(o, compute.PolicyID{UUID: id}), err
	})
}

func addPolicy(o compute.Origin, id compute.PolicyID) action {
	return on((*resources.Service).AddPolicy, compute.AddPolicy{Origin: o, PolicyID: id})
}

func removePolicy(o compute.Origin, id compute.PolicyID) action {
	return on((*resources.Service).RemovePolicy, compute.RemovePolicy{Origin: o, PolicyID: id})
}

func (a *app) assignConceptCommand() *cobra.Command {
	c := &cobra.Command{Use: "assign-account-concept ID CONCEPT", Short: "Tie a resource to an account concept"}
	return a.onResource(c, 1, func(o compute.Origin, args []string) (action, error) {
		id, err := parseID("the account concept", args[0])
		return on((*resources.Service).AssignAccountConcept, compute.AssignAccountConcept{Origin: o, ConceptID: compute.ConceptID{UUID: id}}), err
	})
}

func (a *app) clearConceptCommand() *cobra.Command {
	c := &cobra.Command{Use: "clear-account-concept ID", Short: "Untie a resource from its account concept"}
	return a.onResource(c, 0, func(o compute.Origin, _ []string) (action, error) {
		return on((*resources.Service).ClearAccountConcept, compute.ClearAccountConcept{Origin: o}), nil
	})
}

func (a *app) hardwareCommand() *cobra.Command {
	var manufacturer, model, serial string
	c := &cobra.Command{
		Use:   "set-hardware-details ID",
		Short: "Replace a resource's hardware details; what is not given is erased",
	}
	c.Flags().StringVar(&manufacturer, "manufacturer", "", "who made it: a `text`")
	c.Flags().StringVar(&model, "model", "", "which model it is: a `text`")
	c.Flags().StringVar(&serial, "serial-number", "", "which of them it is: a `text`")
	return a.onResource(c, 0, func(o compute.Origin, _ []string) (action, error) {
		given := func(flag string, value *string) *string {
			if c.Flags().Changed(flag) {
				return value
			}
			return nil
		}
		return on((*resources.Service).SetHardwareDetails, compute.SetHardwareDetails{Origin: o, HardwareDetails: compute.HardwareDetails{
			Manufacturer: given("manufacturer", &manufacturer), Model: given("model", &model), SerialNumber: given("serial-number", &serial),
		}}), nil
	})
}

func (a *app) assetTagCommand() *cobra.Command {
	c := &cobra.Command{Use: "assign-asset-tag ID TAG", Short: "Give a resource its inventory label"}
	return a.onResource(c, 1, func(o compute.Origin, args []string) (action, error) {
		return on((*resources.Service).AssignAssetTag, compute.AssignAssetTag{Origin: o, AssetTag: args[0]}), nil
	})
}

func (a *app) metadataCommand() *cobra.Command {
	c := &cobra.Command{Use: "update-metadata ID KEY VALUE", Short: "Set one metadata key of a resource"}
	return a.onResource(c, 2, func(o compute.Origin, args []string) (action, error) {
		return on((*resources.Service).UpdateMetadata, compute.UpdateMetadata{Origin: o, Key: args[0], Value: args[1]}), nil
	})
}

func (a *app) changeStatusCommand() *cobra.Command {
	var by string
	c := &cobra.Command{
		Use:   "change-status ID STATUS",
		Short: "Move a resource along its life: to active, maintenance or decommissioned",
	}
	c.Flags().StringVar(&by, "by", "", "the `input` to move by, if it is not the usual one: fail_provisioning")
	return a.onResource(c, 1, func(o compute.Origin, args []string) (action, error) {
		to, err := compute.ParseStatus(args[0])
		if err != nil {
			return nil, &usageError{err}
		}
		input, err := parseInput(by)
		return on((*resources.Service).ChangeStatus, compute.ChangeStatus{Origin: o, ToStatus: to, By: input}), err
	})
}

func parseInput(text string) (compute.LifecycleInput, error) {
	if text == "" {
		return 0, nil
	}
	for _, in := range compute.LifecycleInputs() {
		if in.String() == text {
			return in, nil
		}
	}
	return 0, &usageError{fmt.Errorf("--by %q is no input of the lifecycle: one of %v", text, compute.LifecycleInputs())}
}

func (a *app) statusChangeCommand(name, short string, to compute.Status) *cobra.Command {
	return a.onResource(&cobra.Command{Use: name + " ID", Short: short}, 0, func(o compute.Origin, _ []string) (action, error) {
		return on((*resources.Service).ChangeStatus, compute.ChangeStatus{Origin: o, ToStatus: to}), nil
	})
}
