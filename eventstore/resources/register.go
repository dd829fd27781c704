package resources

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/reservation"
	"github.com/refold-dev/refold/eventstore/repository"
)

// maxAttempts bounds how often a name is claimed while its holders change.
const maxAttempts = 8

// HostnameTakenError is a registration of a hostname that a resource has.
type HostnameTakenError struct {
	Hostname compute.Hostname
	Holder   uuid.UUID // the resource that has it
}

func (e *HostnameTakenError) Error() string {
	return fmt.Sprintf("hostname %s is taken by resource %s", e.Hostname, e.Holder)
}

// ResourceID is the id of the resource that a command registers.
func ResourceID(command uuid.UUID) uuid.UUID { return uuid.NewSHA1(command, []byte("resource")) }

// RegisterResource registers a new resource: its id is in the outcome's State.
// Besides the errors of the other commands there is *[HostnameTakenError].
func (s *Service) RegisterResource(ctx context.Context, c compute.RegisterResource) (Outcome, error) {
	id := ResourceID(c.EventID)
	if s.options.UniqueHostnames {
		if err := s.reserve(ctx, id, c); err != nil {
			return Outcome{}, err
		}
	}
	return s.execute(ctx, id, c)
}

// reserve claims the name for a resource, unless it is registered already: then
// the command is repeated, and nothing has to be claimed.
func (s *Service) reserve(ctx context.Context, id uuid.UUID, c compute.RegisterResource) error {
	in, err := s.resources.Load(ctx, id)
	if err != nil || in.State.Initialized() {
		return err
	}
	if _, err := compute.Handle(in.State, c); err != nil {
		return err
	}
	return s.claim(ctx, id, c)
}

func (s *Service) claim(ctx context.Context, id uuid.UUID, c compute.RegisterResource) error {
	take := reservation.Take{Claim: reservation.Claim{Hostname: c.Hostname, ResourceType: c.ResourceType, ResourceID: id, CommandID: c.EventID}}
	name := reservation.ID(c.Hostname)
	for range maxAttempts {
		in, err := s.reservations.Execute(ctx, name, reservation.Command{Header: headerOf(c.Source(), name), Body: take})
		var taken *reservation.TakenError
		if !errors.As(err, &taken) {
			if err == nil && !in.State.HeldBy(id) { // the claim is an old one, and the name has gone on
				continue
			}
			return err
		}
		done, err := s.settle(ctx, taken.Held)
		if err != nil {
			return fmt.Errorf("looking at resource %s, which has claimed hostname %s: %w", taken.Held.ResourceID, c.Hostname, err)
		}
		if !done {
			return &HostnameTakenError{c.Hostname, taken.Held.ResourceID}
		}
		take.Done = taken.Held.ResourceID
	}
	return fmt.Errorf("hostname %s: its holder has changed %d times meanwhile", c.Hostname, maxAttempts)
}

// settle finishes the registration that a claim is for, and reports whether the
// holder is done with the name for good.
func (s *Service) settle(ctx context.Context, held reservation.Held) (done bool, err error) {
	in, err := s.resources.Load(ctx, held.ResourceID)
	if err == nil && !in.State.Initialized() {
		_, err = s.execute(ctx, held.ResourceID, held.Registration())
		var refused compute.CommandError
		var reused *repository.ReusedIDError
		if err == nil || errors.As(err, &refused) || errors.As(err, &reused) {
			in, err = s.resources.Load(ctx, held.ResourceID)
		}
	}
	own := in.State.Initialized() && strings.EqualFold(in.State.Hostname.String(), held.Hostname.String())
	return !own || in.State.Status == compute.Decommissioned, err
}

// release gives the name of a decommissioned resource back. If it cannot, the
// next one who claims it sees to it.
func (s *Service) release(ctx context.Context, state compute.State, o compute.Origin) {
	name := reservation.ID(state.Hostname)
	header := headerOf(o, name)
	header.CausationID = uuid.NullUUID{UUID: o.EventID, Valid: true}
	_, err := s.reservations.Execute(ctx, name, reservation.Command{Header: header, Body: reservation.Give{ResourceID: state.ID}})
	if err != nil && s.options.Repository.Logger != nil {
		s.options.Repository.Logger.WarnContext(ctx, "a hostname was not released: its next claimant will see to it",
			"hostname", state.Hostname.String(), "resource", state.ID, "error", err)
	}
}

// headerOf is that of the event which a resource's command leaves in the
// aggregate of a name.
func headerOf(o compute.Origin, name uuid.UUID) aggregate.Header {
	return aggregate.Header{
		EventID: uuid.NewSHA1(name, o.EventID[:]), AggregateID: name,
		Time: o.Time, CorrelationID: o.CorrelationID, CausationID: o.CausationID,
	}
}
