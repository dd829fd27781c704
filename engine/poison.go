package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/delivery"
	"github.com/refold-dev/refold/engine/feed"
	"github.com/refold-dev/refold/sdk/manifest"
)

// TooManyParkedError stops a pipeline that would park ever more keys: what fails
// is not the events.
type TooManyParkedError struct {
	Keys int
	Err  error // of the last one
}

func (e *TooManyParkedError) Error() string {
	return fmt.Sprintf("%d keys are parked, which is the most that there may be; the last one failed because of: %v", e.Keys, e.Err)
}

func (e *TooManyParkedError) Unwrap() error { return e.Err }

// rewindError asks for a resident projection's instance to be brought back to its
// last snapshot: it has folded a part of a batch.
type rewindError struct {
	*FoldError
	through event.Position // the batch's last
}

// policyFor is what becomes of poison, by default quarantine where keys can be
// parked.
func policyFor(declared string, state manifest.State) (string, error) {
	switch {
	case declared == quarantine && state != manifest.Keyed:
		return "", fmt.Errorf("on_error: quarantine parks keys, but its projection is %s and has none: write dead_letter or halt", state)
	case declared != "":
		return declared, nil
	case state == manifest.Keyed:
		return quarantine, nil
	}
	return halt, nil
}

// isolate sees to it that events which could not be folded can be, but for the one
// to blame. split asks for them to be folded in halves, to find it. The error is
// what cannot be helped here.
func (g *generation) isolate(ctx context.Context, err error, events []event.Recorded) (split bool, _ error) {
	var poison *FoldError
	if g.policy == halt || !errors.As(err, &poison) || !isPoison(poison.Err) {
		return false, err
	}
	var unfit *feed.EventError
	if errors.As(err, &unfit) { // before the plugin has seen it
		return false, g.condemn(poison.Position, poison.Err)
	}
	if g.manifest.State == manifest.Resident {
		return false, &rewindError{poison, events[len(events)-1].Position}
	}
	var rejected *RejectedError
	if !errors.As(err, &rejected) {
		if err := g.replacePlugin(ctx); err != nil {
			return false, err
		}
	}
	if !poison.Exact {
		return true, nil
	}
	return false, g.condemn(poison.Position, poison.Err)
}

// isPoison reports whether an event, and not the host, is to blame.
func isPoison(err error) bool {
	var unhandled *UnhandledError
	_, passes := delivery.Retryable(err)
	return !passes && !errors.As(err, &unhandled) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// condemn has an event left out, or its key parked, when it is folded next.
func (g *generation) condemn(at event.Position, err error) error {
	var unfit *feed.EventError
	if g.policy == deadLetter || errors.As(err, &unfit) { // which has no key to be parked
		g.aside.dead[at] = err
		return nil
	}
	if n := len(g.aside.parked); n >= maxParked {
		return &TooManyParkedError{n, err}
	}
	g.aside.condemned[at] = err
	return nil
}

// replacePlugin takes another instance for one that is of no use any more and has
// no state of its own.
func (g *generation) replacePlugin(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.renewPlugin(ctx)
}

// renewPlugin is replacePlugin for who holds mu.
func (g *generation) renewPlugin(ctx context.Context) error {
	plugin, err := g.instantiate(ctx)
	if err != nil {
		return err
	}
	old := g.plugin
	g.plugin = plugin
	return old.Close(ctx)
}

// resolve does what it can about the error of a run; again asks for another one.
func (g *generation) resolve(ctx context.Context, err error) (again bool, _ error) {
	var back *rewindError
	var undelivered *DeliveryError
	switch {
	case errors.As(err, &back):
		return g.resolveFold(ctx, back)
	case !errors.As(err, &undelivered):
		return false, errors.Join(err, g.stopBefore(ctx, err))
	case err == error(undelivered) && isHurried(err): // and nothing else has happened
		return false, g.retreat(ctx, g.slowest())
	}
	cause, poisoned := g.poisonedBy(err)
	if !poisoned || cause <= g.kept.Mark().Position {
		return false, errors.Join(err, g.retreat(ctx, g.slowest()))
	}
	if err := g.condemn(cause, undelivered.Err); err != nil {
		return false, errors.Join(err, g.retreat(ctx, g.slowest()))
	}
	return true, g.rewind(ctx)
}

// isHurried reports whether an executor has given up only because the run ends: what it has
// not performed comes again with the next one.
func isHurried(err error) bool {
	var failed *delivery.Error
	return errors.As(err, &failed) && failed.Hurried
}

// stopBefore brings the state to right before an event that stops the pipeline, if
// that is what an error is about.
func (g *generation) stopBefore(ctx context.Context, err error) error {
	var fold *FoldError
	var unhandled *UnhandledError
	if !errors.As(err, &fold) || !fold.Exact || !isPoison(fold.Err) && !errors.As(err, &unhandled) || fold.Position <= g.mark.Position+1 {
		return nil
	}
	return g.retreat(ctx, fold.Position-1)
}

func (g *generation) resolveFold(ctx context.Context, back *rewindError) (again bool, err error) {
	if back.Exact {
		err = g.condemn(back.Position, back.Err)
	} else {
		g.singly = max(g.singly, back.through)
	}
	if err != nil {
		return false, errors.Join(back.FoldError, err)
	}
	return true, g.rewind(ctx)
}

// poisonedBy is the event whose effect an executor condemns, if the pipeline is not
// to stop because of it.
func (g *generation) poisonedBy(err error) (cause event.Position, ok bool) {
	var failed *delivery.Error
	if g.policy == halt || !errors.As(err, &failed) {
		return 0, false
	}
	cause, _, ok = delivery.Poisoned(err)
	at := slices.Index(g.names, failed.Executor)
	return cause, ok && g.specs[at].OnError != halt
}
