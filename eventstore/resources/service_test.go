package resources_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/resources"
	"github.com/refold-dev/refold/eventstore/snapshot"
)

type method = func(*resources.Service, context.Context, uuid.UUID, int) (resources.Outcome, error)

// commands are the eleven that need a registered resource, in an order in which
// all are accepted. Each is given its number.
func commands() []method {
	policy := compute.PolicyID{UUID: numbered(0x104)}
	return []method{
		func(s *resources.Service, ctx context.Context, id uuid.UUID, n int) (resources.Outcome, error) {
			return s.AssignOrganization(ctx, id, compute.AssignOrganization{Origin: origin(n), OrganizationID: compute.OrganizationID{UUID: numbered(0x101)}})
		},
		func(s *resources.Service, ctx context.Context, id uuid.UUID, n int) (resources.Outcome, error) {
			return s.AssignLocation(ctx, id, compute.AssignLocation{Origin: origin(n), LocationID: compute.LocationID{UUID: numbered(0x102)}})
		},
		func(s *resources.Service, ctx context.Context, id uuid.UUID, n int) (resources.Outcome, error) {
			return s.AssignOwner(ctx, id, compute.AssignOwner{Origin: origin(n), OwnerID: compute.PersonID{UUID: numbered(0x103)}})
		},
		func(s *resources.Service, ctx context.Context, id uuid.UUID, n int) (resources.Outcome, error) {
			return s.AddPolicy(ctx, id, compute.AddPolicy{Origin: origin(n), PolicyID: policy})
		},
		func(s *resources.Service, ctx context.Context, id uuid.UUID, n int) (resources.Outcome, error) {
			return s.RemovePolicy(ctx, id, compute.RemovePolicy{Origin: origin(n), PolicyID: policy})
		},
		func(s *resources.Service, ctx context.Context, id uuid.UUID, n int) (resources.Outcome, error) {
			return s.AssignAccountConcept(ctx, id, compute.AssignAccountConcept{Origin: origin(n), ConceptID: compute.ConceptID{UUID: numbered(0x106)}})
		},
		func(s *resources.Service, ctx context.Context, id uuid.UUID, n int) (resources.Outcome, error) {
			return s.ClearAccountConcept(ctx, id, compute.ClearAccountConcept{Origin: origin(n)})
		},
		func(s *resources.Service, ctx context.Context, id uuid.UUID, n int) (resources.Outcome, error) {
			return s.SetHardwareDetails(ctx, id, compute.SetHardwareDetails{Origin: origin(n), HardwareDetails: compute.HardwareDetails{Model: new("X1")}})
		},
		func(s *resources.Service, ctx context.Context, id uuid.UUID, n int) (resources.Outcome, error) {
			return s.AssignAssetTag(ctx, id, compute.AssignAssetTag{Origin: origin(n), AssetTag: "A-1"})
		},
		func(s *resources.Service, ctx context.Context, id uuid.UUID, n int) (resources.Outcome, error) {
			return s.UpdateMetadata(ctx, id, compute.UpdateMetadata{Origin: origin(n), Key: "rack", Value: "7"})
		},
		func(s *resources.Service, ctx context.Context, id uuid.UUID, n int) (resources.Outcome, error) {
			return s.ChangeStatus(ctx, id, compute.ChangeStatus{Origin: origin(n), ToStatus: compute.Decommissioned, By: compute.FailProvisioning})
		},
	}
}

// TestAllMethods: each command is one event, and its outcome is what Get gives
// then. Afterwards each is repeated: nothing is appended, and it is the same.
func TestAllMethods(t *testing.T) {
	for name, store := range map[string]eventstore.Log{"memory": memory.New(), "jetstream": openJetStream(t)} {
		t.Run(name, func(t *testing.T) {
			s := resources.New(store, resources.Options{Repository: repository.Options{Snapshots: snapshot.At(t.TempDir()), Every: 3}})
			ctx := t.Context()
			first, err := s.RegisterResource(ctx, registration(t, 1, "a.b"))
			if err != nil {
				t.Fatal(err)
			}
			id := first.State.ID
			outcomes := []resources.Outcome{first}
			for i, command := range commands() {
				out, err := command(s, ctx, id, i+2)
				if err != nil || out.Repeated || int(out.State.Version) != i+2 {
					t.Fatalf("command %d: %+v, %v", i+2, out, err)
				}
				now, err := s.Get(ctx, id)
				if err != nil || !reflect.DeepEqual(now, out.State) {
					t.Errorf("command %d (-now +outcome):\n%s, %v", i+2, cmp.Diff(now, out.State, cmp.AllowUnexported(compute.Hostname{})), err)
				}
				outcomes = append(outcomes, out)
			}
			last := outcomes[len(outcomes)-1].Output
			if !last.Critical || len(last.Warnings) != 1 || last.Warnings[0].Code != compute.ProvisioningFailed {
				t.Errorf("the lifecycle's output: %+v", last)
			}
			if advice := outcomes[8].Advice; len(advice) != 1 || advice[0].Code() != "incomplete_hardware_details" {
				t.Errorf("advice: %v", advice)
			}
			again, err := s.RegisterResource(ctx, registration(t, 1, "a.b"))
			checkRepetition(t, outcomes[0], again, err)
			for i, command := range commands() {
				again, err := command(s, ctx, id, i+2)
				checkRepetition(t, outcomes[i+1], again, err)
			}
			if head, err := store.Head(ctx); err != nil || int(head) != len(outcomes) {
				t.Errorf("%d events of %d commands, %v", head, len(outcomes), err)
			}
		})
	}
}

func checkRepetition(t *testing.T, want, got resources.Outcome, err error) {
	t.Helper()
	want.Repeated = true
	if err != nil || !reflect.DeepEqual(want, got) {
		t.Errorf("(-first +again):\n%s, %v", cmp.Diff(want, got, cmp.AllowUnexported(compute.Hostname{})), err)
	}
}

// TestUnknownResources: nothing of them is found, and nothing is made.
func TestUnknownResources(t *testing.T) {
	store := memory.New()
	s, id := resources.New(store, resources.Options{}), numbered(0xa0)
	check := func(what any, err error) {
		t.Helper()
		var missing *resources.NotFoundError
		var inner *compute.NotInitializedError
		if !errors.As(err, &missing) || missing.ID != id || !errors.As(err, &inner) {
			t.Errorf("%v: %v", what, err)
		}
	}
	for i, command := range commands() {
		_, err := command(s, t.Context(), id, i+2)
		check(i+2, err)
	}
	_, err := s.Get(t.Context(), id)
	check("get", err)
	if exists, err := s.Exists(t.Context(), id); exists || err != nil {
		t.Errorf("exists: %v, %v", exists, err)
	}
	if head, _ := store.Head(t.Context()); head != 0 {
		t.Errorf("%d events", head)
	}
	known := register(t, s, 1, "a.b")
	if exists, err := s.Exists(t.Context(), known); !exists || err != nil {
		t.Errorf("exists: %v, %v", exists, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if exists, err := s.Exists(ctx, known); exists || !errors.Is(err, context.Canceled) {
		t.Errorf("exists: %v, %v", exists, err)
	}
}

func TestRefusals(t *testing.T) {
	s := resources.New(memory.New(), resources.Options{})
	id := register(t, s, 1, "a.b")
	out, err := s.ChangeStatus(t.Context(), id, compute.ChangeStatus{Origin: origin(2), ToStatus: compute.Maintenance})
	var refused *compute.InvalidStatusTransitionError
	if !errors.As(err, &refused) || out.State.Status != compute.Provisioning || out.State.ID != id {
		t.Errorf("%+v, %v", out, err)
	}
	_, err = s.AssignOwner(t.Context(), id, compute.AssignOwner{OwnerID: compute.PersonID{UUID: numbered(3)}})
	var field *event.FieldError
	if !errors.As(err, &field) {
		t.Errorf("a command without an id: %v", err)
	}
	_, err = s.RegisterResource(t.Context(), registration(t, 1, "other"))
	var reused *repository.ReusedIDError
	if !errors.As(err, &reused) || reused.ID != numbered(1) {
		t.Errorf("another registration with the id of one: %v", err)
	}
	_, err = s.ClearAccountConcept(t.Context(), register(t, s, 5, "c.d"), compute.ClearAccountConcept{Origin: origin(1)})
	var taken *eventstore.DuplicateIDError
	if !errors.As(err, &taken) || taken.Position != 1 {
		t.Errorf("a command with the id of another resource's: %v", err)
	}
}

// TestRefusedCommandMaySucceedLater: a refusal leaves no trace of its id.
func TestRefusedCommandMaySucceedLater(t *testing.T) {
	s := resources.New(memory.New(), resources.Options{})
	id := register(t, s, 1, "a.b")
	maintain := compute.ChangeStatus{Origin: origin(2), ToStatus: compute.Maintenance}
	if _, err := s.ChangeStatus(t.Context(), id, maintain); err == nil {
		t.Fatal("maintenance while provisioning")
	}
	if _, err := s.ChangeStatus(t.Context(), id, compute.ChangeStatus{Origin: origin(3), ToStatus: compute.Active}); err != nil {
		t.Fatal(err)
	}
	if out, err := s.ChangeStatus(t.Context(), id, maintain); err != nil || out.Repeated || out.State.Status != compute.Maintenance {
		t.Errorf("%+v, %v", out, err)
	}
}
