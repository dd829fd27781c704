package jetstream

import (
	"context"
	"errors"
	"io"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream/internal/blocks"
)

// worthFiles is how many messages are worth to look for their files.
const worthFiles = 4096

// filed reads events out of the files of the stream.
type filed struct {
	records *blocks.Reader
	found   []blocks.Record
	decoder *decoder
	last    uint64 // the sequence to end at
	max     int
}

// readFiles yields what the log's files hold, from the sequence to go on at
// through last, and moves on past it. It ends at whatever is in doubt there: the
// server then says what it is. Left says that the loop over the batches was
// left.
func (r *reader) readFiles(ctx context.Context, last uint64, yield func([]event.Recorded, error) bool) (left bool, err error) {
	s := r.store
	if s.cfg.StreamsDir == "" || r.filter != s.subjects.all() || last < r.next || last-r.next < s.worthFiles {
		return false, nil
	}
	records, err := blocks.NewReader(s.cfg.StreamsDir, s.cfg.Stream, r.next)
	if err != nil {
		s.cfg.Logger.Warn("the log's files are left alone, which takes longer", "reason", err)
		return false, nil
	}
	defer records.Close()
	f := &filed{records: records, decoder: newDecoder(s.subjects), last: last, max: s.cfg.MaxBatch}
	for r.next <= last {
		if err := s.stopped(ctx); err != nil {
			return false, err
		}
		batch, err := f.take(r.next)
		if len(batch) == 0 {
			if err != nil && !errors.Is(err, io.EOF) {
				s.cfg.Logger.Warn("the server is asked for what the log's files do not say", "sequence", r.next, "reason", err)
			}
			return false, nil
		}
		if left, err := r.pass(ctx, batch, yield); left || err != nil {
			return left, err
		}
	}
	return false, nil
}

// take returns the next events, of which the first is at sequence next. The
// error is about what follows them.
func (f *filed) take(next uint64) ([]event.Recorded, error) {
	found, err := f.records.Next(f.found[:0], int(min(uint64(f.max), f.last-next+1)))
	f.found = found
	batch := make([]event.Recorded, len(found))
	for i := range found {
		subject := string(found[i].Subject)
		if err := f.decoder.decode(subject, found[i].Body, &batch[i]); err != nil {
			return batch[:i], &eventstore.UnreadableError{Position: event.Position(found[i].Sequence), Subject: subject, Reason: err.Error()}
		}
		batch[i].Position = event.Position(found[i].Sequence)
	}
	return batch, err
}

// stopped returns why there is nothing more to read for.
func (s *Store) stopped(ctx context.Context) error {
	select {
	case <-s.closed:
		return eventstore.ErrClosed
	default:
		return ctx.Err()
	}
}
