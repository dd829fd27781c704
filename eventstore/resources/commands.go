package resources

import (
	"context"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
)

// The errors of a command are a [compute.CommandError] (for a resource that is
// not registered within a *[NotFoundError]), an *event.FieldError for a command
// without id, time or correlation, a *repository.ReusedIDError, and what the
// store says: an *eventstore.ConflictError only after several attempts.

// AssignOrganization says which organization a resource belongs to.
func (s *Service) AssignOrganization(ctx context.Context, id uuid.UUID, c compute.AssignOrganization) (Outcome, error) {
	return s.execute(ctx, id, c)
}

// AssignLocation says where a resource is.
func (s *Service) AssignLocation(ctx context.Context, id uuid.UUID, c compute.AssignLocation) (Outcome, error) {
	return s.execute(ctx, id, c)
}

// AssignOwner says who answers for a resource.
func (s *Service) AssignOwner(ctx context.Context, id uuid.UUID, c compute.AssignOwner) (Outcome, error) {
	return s.execute(ctx, id, c)
}

// AddPolicy puts a resource under a policy.
func (s *Service) AddPolicy(ctx context.Context, id uuid.UUID, c compute.AddPolicy) (Outcome, error) {
	return s.execute(ctx, id, c)
}

// RemovePolicy takes a resource out of a policy.
func (s *Service) RemovePolicy(ctx context.Context, id uuid.UUID, c compute.RemovePolicy) (Outcome, error) {
	return s.execute(ctx, id, c)
}

// AssignAccountConcept ties a resource to an account concept.
func (s *Service) AssignAccountConcept(ctx context.Context, id uuid.UUID, c compute.AssignAccountConcept) (Outcome, error) {
	return s.execute(ctx, id, c)
}

// ClearAccountConcept unties a resource from its account concept, if it has one.
func (s *Service) ClearAccountConcept(ctx context.Context, id uuid.UUID, c compute.ClearAccountConcept) (Outcome, error) {
	return s.execute(ctx, id, c)
}

// SetHardwareDetails replaces a resource's hardware details.
func (s *Service) SetHardwareDetails(ctx context.Context, id uuid.UUID, c compute.SetHardwareDetails) (Outcome, error) {
	return s.execute(ctx, id, c)
}

// AssignAssetTag gives a resource its inventory label.
func (s *Service) AssignAssetTag(ctx context.Context, id uuid.UUID, c compute.AssignAssetTag) (Outcome, error) {
	return s.execute(ctx, id, c)
}

// UpdateMetadata sets one metadata key of a resource.
func (s *Service) UpdateMetadata(ctx context.Context, id uuid.UUID, c compute.UpdateMetadata) (Outcome, error) {
	return s.execute(ctx, id, c)
}

// ChangeStatus moves a resource along its life. The outcome has the lifecycle's
// warnings. Decommissioning releases the hostname.
func (s *Service) ChangeStatus(ctx context.Context, id uuid.UUID, c compute.ChangeStatus) (Outcome, error) {
	out, err := s.execute(ctx, id, c)
	if err == nil && out.State.Status == compute.Decommissioned {
		s.release(ctx, out.State, c.Origin)
	}
	return out, err
}
