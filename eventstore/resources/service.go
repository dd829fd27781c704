package resources

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/reservation"
	"github.com/refold-dev/refold/eventstore/repository"
)

// Options say how a service works. The zero value is a sound choice.
type Options struct {
	// UniqueHostnames refuses to register a hostname that a resource has which
	// was registered with this option and is not decommissioned.
	UniqueHostnames bool
	// Repository says how resources are loaded. With Every 0 a snapshot is taken
	// by the load that has to fold 25 events, since each command loads. Its Logger is told of names that
	// could not be released as well.
	Repository repository.Options
}

// Service carries out commands. It is safe for concurrent use, also by several
// processes on one log.
type Service struct {
	definition   aggregate.Definition[compute.State, compute.Command, compute.Event]
	resources    *repository.Repository[compute.State, compute.Command, compute.Event]
	reservations *repository.Repository[reservation.State, reservation.Command, reservation.Fact]
	store        repository.Store
	options      Options
}

// snapshotEvery bounds what a command has to fold: so many events cost little
// beside an append.
const snapshotEvery = 25

// New returns a service on a store.
func New(store repository.Store, options Options) *Service {
	if options.Repository.Every <= 0 {
		options.Repository.Every = snapshotEvery
	}
	definition := compute.Definition()
	return &Service{
		definition:   definition,
		resources:    repository.New(store, definition, options.Repository),
		reservations: repository.New(store, reservation.Definition(), repository.Options{}),
		store:        store,
		options:      options,
	}
}

// Outcome is what a command led to.
type Outcome struct {
	// State is the resource's after the command's event. Of a repeated command
	// it is that of then, not of now: Get has that.
	State compute.State
	// Output has the lifecycle's warnings, and whether they are critical.
	Output compute.LifecycleOutput
	// Advice is what should be mended and need not be.
	Advice []compute.ValidationError
	// Repeated is set if the command had been carried out before.
	Repeated bool
}

// NotFoundError is a command on, or a query for, a resource that is not
// registered. It wraps the *compute.NotInitializedError.
type NotFoundError struct{ ID uuid.UUID }

func (e *NotFoundError) Error() string { return fmt.Sprintf("resource %s is not registered", e.ID) }

// Unwrap returns the domain's error.
func (e *NotFoundError) Unwrap() error { return &compute.NotInitializedError{ID: e.ID} }

// Get returns a resource's state. The error is a *[NotFoundError] or the
// repository's.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (compute.State, error) {
	in, err := s.resources.Load(ctx, id)
	if err == nil && !in.State.Initialized() {
		err = &NotFoundError{id}
	}
	return in.State, err
}

// Exists reports whether a resource is registered. One that is decommissioned
// is.
func (s *Service) Exists(ctx context.Context, id uuid.UUID) (bool, error) {
	_, err := s.Get(ctx, id)
	var missing *NotFoundError
	if errors.As(err, &missing) {
		return false, nil
	}
	return err == nil, err
}

// execute carries a command out, once. With an error the outcome's State is what
// the command was refused on.
func (s *Service) execute(ctx context.Context, id uuid.UUID, c compute.Command) (Outcome, error) {
	var d compute.Decision
	in, repeated, err := s.resources.ChangeOnce(ctx, id, c.Source().EventID, func(in aggregate.Instance[compute.State]) (commit aggregate.Commit[compute.State], err error) {
		if d, err = compute.Handle(in.State, c); err != nil {
			return commit, err
		}
		return s.definition.Record(in, d.Events()...)
	})
	var missing *compute.NotInitializedError
	var reused *repository.ReusedIDError
	if errors.As(err, &missing) && !errors.As(err, &reused) {
		err = &NotFoundError{id}
	}
	if err != nil {
		return Outcome{State: in.State}, err
	}
	return Outcome{in.State, d.Output, d.Advice, repeated}, nil
}
