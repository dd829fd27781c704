package jetstream

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// repetitionOr is called when events were refused with err, or with nil when
// the server called them stored. It succeeds if all of them are stored, and
// returns err if none is.
func (s *Store) repetitionOr(ctx context.Context, err error, events []event.Event) (eventstore.Appended, error) {
	firstTells := !refused(err, codeBatchDuplicate) && s.cfg.Known == nil // appends are atomic
	stored, findErr := s.findAll(ctx, events, firstTells)
	if findErr == nil && len(stored) > 0 && len(stored) < len(events) {
		// Another writer may have stored them between two of the questions. An
		// append is atomic, so now that one is there all of its events are.
		stored, findErr = s.findAll(ctx, events, false)
	}
	if findErr != nil {
		return eventstore.Appended{}, findErr
	}
	if len(stored) == 0 {
		return eventstore.Appended{}, err
	}
	last := stored[len(stored)-1]
	if len(stored) < len(events) {
		return eventstore.Appended{}, &eventstore.DuplicateIDError{ID: last.ID, Position: last.Position}
	}
	return eventstore.Appended{Version: last.Version, Position: last.Position, Duplicate: true}, nil
}

// findAll returns those of the events that are stored. It looks for no others
// if the first is not there and tells of them. An id that another event has is
// a *eventstore.DuplicateIDError.
func (s *Store) findAll(ctx context.Context, events []event.Event, firstTells bool) ([]event.Recorded, error) {
	var stored []event.Recorded
	for i := range events {
		r, ok, err := s.find(ctx, &events[i])
		if err != nil {
			return nil, explainAppend(events[i].Aggregate, err)
		}
		if !ok {
			if firstTells && i == 0 {
				return nil, nil
			}
			continue
		}
		if err := takenByOther(&r.Event, r.Position, &events[i]); err != nil {
			return nil, err
		}
		stored = append(stored, r)
	}
	return stored, nil
}

// find looks an event up by its id, within the server's duplicate window and
// then by Config.Known.
func (s *Store) find(ctx context.Context, e *event.Event) (event.Recorded, bool, error) {
	seq, err := s.findID(ctx, e)
	if err == nil && seq == 0 {
		return s.findKnown(ctx, e.ID)
	}
	if err != nil {
		return event.Recorded{}, false, err
	}
	r, err := s.at(ctx, seq)
	return r, err == nil, err
}

// findKnown looks an event up by Config.Known.
func (s *Store) findKnown(ctx context.Context, id uuid.UUID) (event.Recorded, bool, error) {
	pos, known, err := s.known(ctx, id)
	if err != nil || !known {
		return event.Recorded{}, false, err
	}
	r, err := s.at(ctx, uint64(pos))
	if err == nil && r.ID != id {
		err = fmt.Errorf("event %s is said to be at position %d, where the log has event %s", id, pos, r.ID)
	}
	return r, err == nil, err
}

// anyKnown reports whether Config.Known knows one of the events.
func (s *Store) anyKnown(ctx context.Context, events []event.Event) (bool, error) {
	for i := range events {
		if _, known, err := s.known(ctx, events[i].ID); known || err != nil {
			return known, err
		}
	}
	return false, nil
}

func (s *Store) known(ctx context.Context, id uuid.UUID) (event.Position, bool, error) {
	if s.cfg.Known == nil {
		return 0, false, nil
	}
	pos, known, err := s.cfg.Known(ctx, id)
	if err != nil {
		err = fmt.Errorf("looking for event %s: %w", id, err)
	}
	return pos, known, err
}

// at reads the event at a stream sequence.
func (s *Store) at(ctx context.Context, seq uint64) (event.Recorded, error) {
	m, err := s.get(ctx, getRequest{Sequence: seq})
	if err != nil {
		return event.Recorded{}, err
	}
	return s.decode(m)
}

// neverAnID is what no message has as its id.
const neverAnID = "-"

// findID asks the server where it stored e's id, 0 if it does not know the id.
// JetStream has no request for that; but it looks for a duplicate before it
// compares the last message's id, so a publish that expects an impossible last
// id is answered with the duplicate's place, or refused. It is never stored.
func (s *Store) findID(ctx context.Context, e *event.Event) (uint64, error) {
	reply, err := s.request(ctx, &nats.Msg{
		Subject: s.subjects.event(e),
		Header: nats.Header{
			jetstream.MsgIDHeader:             {e.ID.String()},
			jetstream.ExpectedLastMsgIDHeader: {neverAnID},
		},
	})
	if err != nil {
		return 0, err
	}
	a, err := parseAnswer(reply)
	if refused(err, codeWrongLastMsgID) {
		return 0, nil
	}
	return a.Sequence, err
}
