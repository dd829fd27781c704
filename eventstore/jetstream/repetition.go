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
	var at eventstore.Appended
	var taken uuid.UUID
	found := 0
	for i := range events {
		r, ok, findErr := s.find(ctx, &events[i])
		if findErr != nil {
			return at, explainAppend(events[i].Aggregate, findErr)
		}
		if !ok {
			if i == 0 && !refused(err, codeBatchDuplicate) && s.cfg.Known == nil {
				break // appends are atomic: without the first there are no others
			}
			continue
		}
		if err := takenByOther(&r.Event, r.Position, &events[i]); err != nil {
			return eventstore.Appended{}, err
		}
		found++
		taken = r.ID
		at = eventstore.Appended{Version: r.Version, Position: r.Position, Duplicate: true}
	}
	switch {
	case found == len(events):
		return at, nil
	case found > 0:
		return eventstore.Appended{}, &eventstore.DuplicateIDError{ID: taken, Position: at.Position}
	}
	return eventstore.Appended{}, err
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
