package archive

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

var _ eventstore.Store = (*Store)(nil)

// Store is an event store whose log has an archive. Writes, versions and the
// head are the log's. Reads are answered by the archive, and what it does not
// have yet is read from the log, so that they are as current as the log. The
// log is followed once, by the archive; everybody else follows the archive. All
// reads are a *DivergedError if the archive is not the log's.
type Store struct {
	log        eventstore.Log
	archive    *Archive
	stop       context.CancelFunc
	compared   chan struct{} // closed once log and archive are compared
	compareErr error         // to be read after compared
	stopped    chan struct{} // closed once the log is not followed any more
	followErr  error         // why, to be read after stopped
	closeOnce  sync.Once
	closeErr   error
}

// NewStore returns a store of a log and its archive, takes both over, and
// begins to follow the log.
func NewStore(log eventstore.Log, a *Archive) *Store {
	ctx, stop := context.WithCancel(context.Background())
	s := &Store{log: log, archive: a, stop: stop, compared: make(chan struct{}), stopped: make(chan struct{})}
	go s.follow(ctx)
	return s
}

// follow is Archive.Follow, in two steps: nothing is read from an archive
// before it is known to be the log's.
func (s *Store) follow(ctx context.Context) {
	defer close(s.stopped)
	s.compareErr = s.archive.Compare(ctx, s.log)
	s.followErr = s.compareErr
	close(s.compared)
	if s.compareErr == nil {
		s.followErr = s.archive.copy(ctx, s.log)
	}
}

// Archive returns the store's archive.
func (s *Store) Archive() *Archive { return s.archive }

// Append implements eventstore.Store, in the log.
func (s *Store) Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error) {
	return s.log.Append(ctx, agg, expected, events...)
}

// Version implements eventstore.Store, from the log.
func (s *Store) Version(ctx context.Context, agg event.Aggregate) (event.Version, error) {
	return s.log.Version(ctx, agg)
}

// Head implements eventstore.Store, from the log.
func (s *Store) Head(ctx context.Context) (event.Position, error) { return s.log.Head(ctx) }

// Bulk implements eventstore.Store, into the log.
func (s *Store) Bulk(ctx context.Context) (eventstore.Bulk, error) { return s.log.Bulk(ctx) }

// Close ends the following, and closes the log and the archive.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		s.stop()
		<-s.stopped
		s.closeErr = errors.Join(s.log.Close(), s.archive.Close())
	})
	return s.closeErr
}

// snapshot returns the archive as it is now. An archive of another log is a
// *DivergedError.
func (s *Store) snapshot(ctx context.Context) (*snapshot, error) {
	select {
	case <-s.compared:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var diverged *DivergedError
	if errors.As(s.compareErr, &diverged) {
		return nil, diverged
	}
	snap, err := s.archive.snapshot()
	if errors.Is(err, ErrClosed) {
		err = eventstore.ErrClosed
	}
	return snap, err
}

// Read implements eventstore.Store. The log says which version is current. What
// the archive lacks up to it is read from the log's end if it is short, and
// otherwise from the aggregate.
func (s *Store) Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	from = max(from, 1)
	current, err := s.Version(ctx, agg)
	if err != nil || current < from {
		return nil, err
	}
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snap.release()
	events, err := snap.aggregate(agg, from)
	if err != nil {
		return nil, err
	}
	have := from - 1
	if len(events) > 0 {
		have = events[len(events)-1].Version
	}
	if have >= current {
		return events, nil
	}
	rest, err := s.readRest(ctx, snap.head, agg, have+1)
	if err != nil {
		return nil, err
	}
	events = append(events, rest...)
	return events, checkVersions(agg, from, events)
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
	return s.readTail(ctx, after, head, func(r *event.Recorded) bool { return r.Aggregate == agg && r.Version >= from })
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
