package jetstream

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// Pauses between attempts to read on.
const (
	firstPause = 20 * time.Millisecond
	lastPause  = 2 * time.Second
)

// Follow implements eventstore.Log; batches have at most Config.MaxBatch
// events. It outlives lost connections. A log that has become shorter than
// after is a GapError, also when that shows only after a restart of the server.
// What it yields is as durable as what Append acknowledges: nobody acts on an
// event that a power failure takes back.
func (s *Store) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	return s.follow(ctx, s.subjects.all(), uint64(after), s.flushSeen)
}

// flushSeen makes durable what a reader has got, through a sequence, and the
// rest of the append that it ends in: otherwise a power failure could take back
// the whole of it. The server answers a direct get only when no append is
// stored in part, so that one that is under way is there before the flush.
func (s *Store) flushSeen(ctx context.Context, through uint64) error {
	if through > 0 && s.flusher.owes(through) {
		if _, err := s.get(ctx, getRequest{Sequence: through}); err != nil && !errors.Is(err, errNoMessage) {
			return err
		}
	}
	return s.flusher.flush(ctx, through)
}

// asStored is the flush of a reader that does not need one.
func asStored(context.Context, uint64) error { return nil }

// follow yields the messages that filter selects, after a stream sequence, in
// as many sessions as it takes, each batch after flush has returned for it.
func (s *Store) follow(ctx context.Context, filter string, after uint64, flush flushFunc) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		r, wait := &reader{store: s, filter: filter, next: after + 1, flush: flush}, firstPause
		for ctx.Err() == nil {
			before := r.next
			err := r.session(ctx, yield)
			switch {
			case err == nil || ctx.Err() != nil:
				return
			case !s.worthRetrying(err):
				yield(nil, s.explain("reading the log", err))
				return
			case r.next > before:
				wait = firstPause
			}
			pause(ctx, wait)
			wait = min(2*wait, lastPause)
		}
	}
}

type flushFunc func(ctx context.Context, through uint64) error

// reader reads the log through one session after the other.
type reader struct {
	store  *Store
	filter string
	flush  flushFunc
	next   uint64         // the sequence to go on at
	read   event.Recorded // the last event read, if its Position is not 0
}

// session yields what one session reads and moves next past it. It returns nil
// when the loop over the yielded batches was left.
func (r *reader) session(ctx context.Context, yield func([]event.Recorded, error) bool) error {
	last, err := r.begin(ctx)
	if err != nil {
		return err
	}
	if left, err := r.readFiles(ctx, last, yield); left || err != nil {
		return err
	}
	ses, release, err := r.store.openSession(ctx, r.filter, r.next)
	if err != nil {
		return err
	}
	defer release()
	for {
		batch, err := r.take(ctx, ses, last)
		if err != nil {
			return err
		}
		if left, err := r.pass(ctx, batch, yield); left || err != nil {
			return err
		}
	}
}

// pass yields a batch, and moves next past it. Left says that the loop over the
// yielded batches was left.
func (r *reader) pass(ctx context.Context, batch []event.Recorded, yield func([]event.Recorded, error) bool) (left bool, err error) {
	end := &batch[len(batch)-1]
	if err := r.flush(ctx, uint64(end.Position)); err != nil {
		return false, err // the batch is read again: it may be gone
	}
	r.next, r.read = uint64(end.Position)+1, *end
	return !yield(batch, nil), nil
}

// begin makes sure that the log still holds what was read of it: a server that
// was away may come back with less, or with other events in their places. It
// returns the log's last sequence.
func (r *reader) begin(ctx context.Context) (uint64, error) {
	last, err := r.store.Head(ctx)
	if err != nil {
		return 0, err
	}
	if uint64(last)+1 < r.next {
		return 0, &eventstore.GapError{Expected: event.Position(r.next), Actual: last + 1}
	}
	if was := &r.read; was.Position > 0 {
		is, err := r.store.at(ctx, uint64(was.Position))
		if errors.Is(err, errNoMessage) {
			return 0, &eventstore.ChangedError{Position: was.Position, Reason: "it has no event"}
		}
		if err != nil {
			return 0, err
		}
		if reason := event.Difference(was, &is); reason != "" {
			return 0, &eventstore.ChangedError{Position: was.Position, Reason: reason}
		}
	}
	return uint64(last), r.flush(ctx, uint64(last))
}

// stalledAfter is how long a reader waits for a message that the server should
// have before it asks for it; maxStalls is how often it does that before it
// begins another session.
const (
	stalledAfter = 300 * time.Millisecond
	maxStalls    = 10
)

var errStalled = errors.New("nothing came")

// take is the session's, but does not wait for ever for what the stream, which
// ended at sequence last or behind it, should have: the server may have lost
// it, and then sends nothing.
func (r *reader) take(ctx context.Context, ses *session, last uint64) ([]event.Recorded, error) {
	if r.next > last {
		return ses.take(ctx, r.store.closed)
	}
	for range maxStalls {
		waiting, cancel := context.WithTimeoutCause(ctx, stalledAfter, errStalled)
		batch, err := ses.take(waiting, r.store.closed)
		stalled := err != nil && ctx.Err() == nil && errors.Is(context.Cause(waiting), errStalled)
		cancel()
		if !stalled {
			return batch, err
		}
		if batch := ses.rest(); len(batch) > 0 {
			return batch, nil
		}
		if err := r.missing(ctx, last); err != nil {
			return nil, err
		}
	}
	return nil, errLost
}

// missing asks for the message that does not come, and returns an error if it
// is not there.
func (r *reader) missing(ctx context.Context, last uint64) error {
	m, err := r.store.get(ctx, getRequest{Sequence: r.next, NextFor: r.filter})
	switch {
	case errors.Is(err, errNoMessage):
		return &eventstore.GapError{Expected: event.Position(r.next), Actual: event.Position(last) + 1}
	case err != nil:
		return err
	case m.sequence > r.next && r.filter == r.store.subjects.all():
		return &eventstore.GapError{Expected: event.Position(r.next), Actual: event.Position(m.sequence)}
	}
	return nil
}

// worthRetrying reports whether a read that ended with err may go better in a
// new session: anything but a log that is not sound, a closed store, and a
// refusal of the server that it would repeat.
func (s *Store) worthRetrying(err error) bool {
	var gap *eventstore.GapError
	var unreadable *eventstore.UnreadableError
	var changed *eventstore.ChangedError
	var failed *eventstore.FlushError
	var api *jetstream.APIError
	switch {
	case errors.As(err, &gap), errors.As(err, &changed), errors.As(err, &unreadable), errors.As(err, &failed):
		return false
	case errors.Is(err, eventstore.ErrClosed), errors.Is(err, nats.ErrConnectionClosed):
		return false
	case errors.As(err, &api):
		return api.Code >= 500
	}
	return true
}

// until calls visit for each event that filter selects, after a stream
// sequence and through another one, at which there is a selected event.
func (s *Store) until(ctx context.Context, filter string, after, through uint64, visit func(event.Recorded) error) error {
	if after >= through {
		return nil
	}
	for batch, err := range s.follow(ctx, filter, after, asStored) {
		if err != nil {
			return err
		}
		for _, r := range batch {
			if uint64(r.Position) > through {
				return nil
			}
			if err := visit(r); err != nil {
				return err
			}
		}
		if uint64(batch[len(batch)-1].Position) >= through {
			return nil
		}
	}
	return s.explain("reading the log", ctx.Err())
}

// Read implements eventstore.Log.
func (s *Store) Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	last, err := s.readLast(ctx, agg)
	switch {
	case err != nil || last.Version < from || last.Version == 0:
		return nil, err
	case last.Version == from:
		return []event.Recorded{last}, nil
	}
	at := head{last.Version, uint64(last.Position)}
	begin, err := s.before(ctx, agg, from, at)
	if err != nil {
		return nil, err
	}
	version := begin.version
	var events []event.Recorded
	err = s.until(ctx, s.subjects.aggregate(agg), begin.sequence, at.sequence, func(r event.Recorded) error {
		if version++; r.Version != version {
			return &eventstore.VersionGapError{Aggregate: agg, Position: r.Position, Expected: version, Actual: r.Version}
		}
		if r.Version >= from {
			events = append(events, r)
		}
		return nil
	})
	return events, err
}

// farBack is how many versions are read without looking for a nearer place to
// begin.
const farBack = 256

// before returns a place in front of an aggregate's version, not far from it
// where that is found by a few questions: the stream is asked what follows a
// sequence, ever further back from the aggregate's end. Without an index of
// versions the server could not say more.
func (s *Store) before(ctx context.Context, agg event.Aggregate, from event.Version, end head) (head, error) {
	if from < farBack {
		return head{}, nil
	}
	step := 4 * uint64(end.version-from+1)
	for sequence := end.sequence; sequence > step; step *= 4 {
		sequence -= step
		m, err := s.get(ctx, getRequest{Sequence: sequence, NextFor: s.subjects.aggregate(agg)})
		if err != nil {
			return head{}, s.explain("reading the versions of "+agg.String(), err)
		}
		r, err := s.decode(m)
		if err != nil {
			return head{}, err
		}
		if r.Version <= from {
			return head{r.Version - 1, m.sequence - 1}, nil
		}
	}
	return head{}, nil
}

// ReadAll implements eventstore.Log.
func (s *Store) ReadAll(ctx context.Context, from event.Position, limit int) ([]event.Recorded, error) {
	last, err := s.Head(ctx)
	if from = max(from, 1); err != nil || limit <= 0 || from > last {
		return nil, err
	}
	last = min(last, from+event.Position(limit)-1)
	events := make([]event.Recorded, 0, last-from+1)
	err = s.until(ctx, s.subjects.all(), uint64(from)-1, uint64(last), func(r event.Recorded) error {
		events = append(events, r)
		return nil
	})
	return events, err
}

// pause waits, but not longer than ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
