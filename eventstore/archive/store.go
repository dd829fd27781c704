package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/upcast"
)

var _ eventstore.Store = (*Store)(nil)

// Store is an event store whose log has an archive. Writes, versions and the
// head are the log's. Reads are answered by the archive, and what it does not
// have yet is read from the log, so that they are as current as the log. The
// log is followed once, by the archive; everybody else follows the archive.
//
// If the archive is not the log's, which is found out at the start and whenever
// the connection to the log is a new one, all reads and appends are a
// *DivergedError.
//
// Its events are current by the archive's catalog, and what that could not read
// is not appended.
type Store struct {
	stored    eventstore.Log // as the archive copies it
	log       eventstore.Log // with the archive's catalog in front
	archive   *Archive
	stop      context.CancelFunc
	compared  chan struct{} // closed once log and archive are compared
	stopped   chan struct{} // closed once the log is not followed any more
	followErr error         // why, to be read after stopped
	closeOnce sync.Once
	closeErr  error
}

// NewStore returns a store of a log, as it is stored, and its archive, takes
// both over, and begins to follow the log.
func NewStore(log eventstore.Log, a *Archive) *Store {
	ctx, stop := context.WithCancel(context.Background())
	s := &Store{
		stored: log, log: upcast.Wrap(log, a.opts.Catalog), archive: a, stop: stop,
		compared: make(chan struct{}), stopped: make(chan struct{}),
	}
	go s.follow(ctx)
	return s
}

// follow is Archive.Follow, in two steps: nothing is read from an archive
// before it is known to be the log's.
func (s *Store) follow(ctx context.Context) {
	if s.followErr = s.archive.Compare(ctx, s.stored); s.followErr == nil {
		close(s.compared)
		s.followErr = s.archive.copy(ctx, s.stored)
		close(s.stopped)
		return
	}
	close(s.stopped) // first, so that who waits for compared sees why
	close(s.compared)
}

// Archive returns the store's archive.
func (s *Store) Archive() *Archive { return s.archive }

// Append implements eventstore.Store, in the log.
func (s *Store) Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error) {
	if err := s.diverged(); err != nil {
		return eventstore.Appended{}, fmt.Errorf("appending to %s: %w", agg, err)
	}
	return s.log.Append(ctx, agg, expected, events...)
}

// Version implements eventstore.Store, from the log.
func (s *Store) Version(ctx context.Context, agg event.Aggregate) (event.Version, error) {
	return s.log.Version(ctx, agg)
}

// Head implements eventstore.Store, from the log.
func (s *Store) Head(ctx context.Context) (event.Position, error) { return s.log.Head(ctx) }

// Accepts returns why the log takes no appends now; nil where it does, or does not know.
func (s *Store) Accepts(ctx context.Context) error {
	if err := s.diverged(); err != nil {
		return err
	}
	if log, ok := s.stored.(interface{ Accepts(context.Context) error }); ok {
		return log.Accepts(ctx)
	}
	return nil
}

// Bulk implements eventstore.Store, into the log.
func (s *Store) Bulk(ctx context.Context) (eventstore.Bulk, error) {
	if err := s.diverged(); err != nil {
		return nil, fmt.Errorf("beginning an import: %w", err)
	}
	return s.log.Bulk(ctx)
}

// Close ends the following, and closes the log and the archive.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		s.stop()
		<-s.stopped
		s.closeErr = errors.Join(s.stored.Close(), s.archive.Close())
	})
	return s.closeErr
}

// diverged is the *DivergedError of a log that is known not to be the
// archive's.
func (s *Store) diverged() error {
	var diverged *DivergedError
	if s.isStopped() && errors.As(s.followErr, &diverged) {
		return diverged
	}
	return nil
}

// snapshot returns the archive as it is now. An archive of another log is a
// *DivergedError.
func (s *Store) snapshot(ctx context.Context) (*snapshot, error) {
	select {
	case <-s.compared:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := s.diverged(); err != nil {
		return nil, err
	}
	snap, err := s.archive.snapshot()
	if errors.Is(err, ErrClosed) {
		err = eventstore.ErrClosed
	}
	return snap, err
}

// Read implements eventstore.Store. The log says which version is current. What
// the archive lacks up to it is read from the log's end if it is short, and
// otherwise from the aggregate. A log that has fewer of the aggregate's events
// than the archive is a *DivergedError.
func (s *Store) Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	from = max(from, 1)
	current, err := s.Version(ctx, agg)
	if err != nil {
		return nil, err
	}
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snap.release()
	if current < from {
		return s.readNone(ctx, snap, agg, from, current)
	}
	events, err := snap.aggregate(agg, from)
	if err != nil {
		return nil, err
	}
	if have := from - 1 + event.Version(len(events)); have > current {
		err = s.checkVersion(ctx, agg, have, events[len(events)-1].Position)
	} else if have < current {
		var rest []event.Recorded
		rest, err = s.readRest(ctx, snap.head, agg, have+1)
		events = append(events, rest...)
	}
	if err != nil {
		return nil, err
	}
	return events, checkVersions(agg, from, events)
}

// readNone is Read where the log has no event of a version of at least from, if
// it has not been appended since the log was asked.
func (s *Store) readNone(ctx context.Context, snap *snapshot, agg event.Aggregate, from, current event.Version) ([]event.Recorded, error) {
	have, at, err := snap.last(agg)
	if err != nil || have <= current {
		return nil, err
	}
	if err := s.checkVersion(ctx, agg, have, at); err != nil || have < from {
		return nil, err
	}
	return snap.aggregate(agg, from)
}

// checkVersion makes sure that the log has the version of an aggregate that the
// archive has, for it may have been appended after the log was asked.
func (s *Store) checkVersion(ctx context.Context, agg event.Aggregate, have event.Version, at event.Position) error {
	current, err := s.Version(ctx, agg)
	if err != nil || current >= have {
		return err
	}
	head, err := s.Head(ctx)
	if err != nil {
		return err
	}
	return &DivergedError{
		Position: at, Archive: s.archive.Head(), Log: head,
		Reason: fmt.Sprintf("there was version %d of %s, and the log has version %d", have, agg, current),
	}
}

// maxTail is the number of events at the log's end that are read to find those
// of one aggregate.
const maxTail = 1024

// readRest reads an aggregate's events from a version on, which the archive up
// to a position does not have.
func (s *Store) readRest(ctx context.Context, after event.Position, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	head, err := s.Head(ctx)
	if err != nil {
		return nil, err
	}
	if head-min(after, head) > maxTail {
		return s.log.Read(ctx, agg, from)
	}
	rest, err := s.readTail(ctx, after, head, func(r *event.Recorded) bool { return r.Aggregate == agg && r.Version >= from })
	var unreadable *eventstore.UnreadableError
	if errors.As(err, &unreadable) { // which may be another aggregate's
		return s.log.Read(ctx, agg, from)
	}
	return rest, err
}

// readTail reads the events that want selects after one position of the log
// through another one.
func (s *Store) readTail(ctx context.Context, after, through event.Position, want func(*event.Recorded) bool) ([]event.Recorded, error) {
	var out []event.Recorded
	for after < through {
		page, err := s.log.ReadAll(ctx, after+1, int(min(through-after, missingBatch)))
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			return nil, &eventstore.GapError{Expected: through, Actual: after}
		}
		for i := range page {
			if want(&page[i]) {
				out = append(out, page[i])
			}
		}
		after = page[len(page)-1].Position
	}
	return out, nil
}

// ReadAll implements eventstore.Store.
func (s *Store) ReadAll(ctx context.Context, from event.Position, limit int) ([]event.Recorded, error) {
	from = max(from, 1)
	if limit <= 0 {
		return nil, nil
	}
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snap.release()
	events, err := snap.readAll(from, limit)
	if err != nil || len(events) == limit {
		return events, err
	}
	rest, err := s.log.ReadAll(ctx, from+event.Position(len(events)), limit-len(events))
	return append(events, rest...), err
}

// ReadCorrelation implements eventstore.Store.
func (s *Store) ReadCorrelation(ctx context.Context, id uuid.UUID) ([]event.Recorded, error) {
	out, err := s.readWhere(ctx,
		func(snap *snapshot) ([]event.Recorded, error) { return snap.correlation(id) },
		func(r *event.Recorded) bool { return r.CorrelationID == id })
	sortByTime(out)
	return out, err
}

// ReadTimeRange implements eventstore.Store. An aggregate's events are few:
// they are found by the aggregate.
func (s *Store) ReadTimeRange(ctx context.Context, agg event.Aggregate, from, to time.Time) ([]event.Recorded, error) {
	within := func(r *event.Recorded) bool { return !r.Time.Before(from) && !r.Time.After(to) }
	if agg != (event.Aggregate{}) {
		events, err := s.Read(ctx, agg, 1)
		return slices.DeleteFunc(events, func(r event.Recorded) bool { return !within(&r) }), err
	}
	return s.readWhere(ctx, func(snap *snapshot) ([]event.Recorded, error) { return snap.timeRange(from, to) }, within)
}

// readWhere returns the events that the archive selects, and those that want
// selects of what the log has more.
func (s *Store) readWhere(ctx context.Context, archived func(*snapshot) ([]event.Recorded, error), want func(*event.Recorded) bool) ([]event.Recorded, error) {
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snap.release()
	head, err := s.Head(ctx)
	if err != nil {
		return nil, err
	}
	events, err := archived(snap)
	if err != nil {
		return nil, err
	}
	rest, err := s.readTail(ctx, snap.head, head, want)
	return append(events, rest...), err
}

// CompareAll is Archive.CompareAll with the store's log, and returns how far the
// archive goes.
func (s *Store) CompareAll(ctx context.Context) (event.Position, error) {
	return s.archive.Head(), s.archive.CompareAll(ctx, s.stored)
}
