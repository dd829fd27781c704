package jetstream

import (
	"context"

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
			if i == 0 && !refused(err, codeBatchDuplicate) {
				break // appends are atomic: without the first there are no others
			}
			continue
		}
		if r.ID != events[i].ID || r.Aggregate != events[i].Aggregate || r.Type != events[i].Type {
			return eventstore.Appended{}, &eventstore.DuplicateIDError{ID: events[i].ID, Position: r.Position}
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

// find looks an event up by its id, within the server's duplicate window.
func (s *Store) find(ctx context.Context, e *event.Event) (event.Recorded, bool, error) {
	seq, err := s.findID(ctx, e)
	if err != nil || seq == 0 {
		return event.Recorded{}, false, err
	}
	m, err := s.get(ctx, getRequest{Sequence: seq})
	if err != nil {
		return event.Recorded{}, false, err
	}
	r, err := s.decode(m)
	return r, err == nil, err
}

// neverAnID is what no message has as its id.
const neverAnID = "-"

// findID asks the server where it stored e's id, 0 if it does not know the id.
// JetStream has no request for that; but it looks for a duplicate before it
// compares the last message's id, so a publish that expects an impossible last
// id is answered with the duplicate's place, or refused. It is never stored.
func (s *Store) findID(ctx context.Context, e *event.Event) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	reply, err := s.nc.RequestMsgWithContext(ctx, &nats.Msg{
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
