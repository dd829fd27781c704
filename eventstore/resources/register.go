package resources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
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

// UnclaimedError is the repetition, with unique hostnames, of a registration that
// was carried out without them, and whose hostname cannot be claimed now. The
// resource stays registered. It wraps the *[HostnameTakenError], or what else
// went wrong.
type UnclaimedError struct {
	ID  uuid.UUID // of the resource
	Err error
}

func (e *UnclaimedError) Error() string {
	return fmt.Sprintf("resource %s has been registered before, without a claim to its hostname, and cannot claim it now: %v", e.ID, e.Err)
}

func (e *UnclaimedError) Unwrap() error { return e.Err }

// ResourceID is the id of the resource that a command registers.
func ResourceID(command uuid.UUID) uuid.UUID { return uuid.NewSHA1(command, []byte("resource")) }

// RegisterResource registers a new resource: its id is in the outcome's State.
// Besides the errors of the other commands there are *[HostnameTakenError] and
// *[UnclaimedError].
func (s *Service) RegisterResource(ctx context.Context, c compute.RegisterResource) (Outcome, error) {
	id := ResourceID(c.EventID)
	if !s.options.UniqueHostnames {
		return s.execute(ctx, id, c)
	}
	in, err := s.resources.Load(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	if in.State.Initialized() {
		return s.registerAgain(ctx, in.State, c)
	}
	if _, err := compute.Handle(in.State, c); err != nil {
		return Outcome{}, err
	}
	if err := s.claim(ctx, id, c); err != nil {
		return Outcome{}, err
	}
	return s.execute(ctx, id, c)
}

// registerAgain repeats a registration. If it was carried out without a claim,
// the name is claimed now, unless the resource is done with it.
func (s *Service) registerAgain(ctx context.Context, now compute.State, c compute.RegisterResource) (Outcome, error) {
	out, err := s.execute(ctx, now.ID, c)
	if err != nil || now.Status == compute.Decommissioned {
		return out, err
	}
	claimed, err := s.hasClaimed(ctx, c)
	if err == nil && !claimed {
		err = s.claim(ctx, now.ID, c)
	}
	if err != nil {
		return Outcome{State: out.State}, &UnclaimedError{now.ID, err}
	}
	return out, nil
}

// hasClaimed reports whether a registration has ever claimed its name.
func (s *Service) hasClaimed(ctx context.Context, c compute.RegisterResource) (bool, error) {
	name := reservation.ID(c.Hostname)
	events, err := s.store.Read(ctx, event.Aggregate{Type: reservation.AggregateType, ID: name}, 1)
	id := headerOf(c.Source(), name).EventID
	return slices.ContainsFunc(events, func(e event.Recorded) bool { return e.ID == id }), err
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
