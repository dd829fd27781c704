package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// getRequest asks the server for one stored message.
type getRequest struct {
	Sequence uint64 `json:"seq,omitempty"`
	NextFor  string `json:"next_by_subj,omitempty"` // the first one at Sequence or behind it
	LastFor  string `json:"last_by_subj,omitempty"`
}

// stored is one message of the stream.
type stored struct {
	sequence uint64
	subject  string
	body     []byte
}

// errNoMessage is the answer to a request for a message that is not there, and
// errNoPlace one that is no answer to any.
var (
	errNoMessage = errors.New("no such message")
	errNoPlace   = errors.New("the answer to a request for a message has no stream sequence")
)

// get reads one message: by a direct get where the stream has one copy, and
// from the leader where it has several, since another copy may lag behind.
func (s *Store) get(ctx context.Context, req getRequest) (stored, error) {
	body, err := json.Marshal(req)
	if err != nil {
		return stored{}, err
	}
	kind, parse := "DIRECT.GET.", parseDirect
	if s.replicated {
		kind, parse = "STREAM.MSG.GET.", parseLeader
	}
	m, err := s.request(ctx, &nats.Msg{Subject: "$JS.API." + kind + s.cfg.Stream, Data: body})
	if err != nil {
		return stored{}, err
	}
	return parse(m)
}

// parseDirect reads the answer to a direct get: the message, with its place in
// headers.
func parseDirect(m *nats.Msg) (stored, error) {
	switch status := m.Header.Get("Status"); status {
	case "":
	case "404":
		return stored{}, errNoMessage
	default:
		return stored{}, fmt.Errorf("server answers %s %s", status, m.Header.Get("Description"))
	}
	seq, err := strconv.ParseUint(m.Header.Get(jetstream.SequenceHeader), 10, 64)
	if err != nil || seq == 0 {
		return stored{}, errNoPlace
	}
	return stored{seq, m.Header.Get(jetstream.SubjectHeader), m.Data}, nil
}

// parseLeader reads the answer of a stream's leader: JSON.
func parseLeader(m *nats.Msg) (stored, error) {
	var answer struct {
		Error   *jetstream.APIError `json:"error"`
		Message struct {
			Subject  string `json:"subject"`
			Sequence uint64 `json:"seq"`
			Data     []byte `json:"data"`
		} `json:"message"`
	}
	if err := json.Unmarshal(m.Data, &answer); err != nil {
		return stored{}, fmt.Errorf("the answer to a request for a message is no JSON: %w", err)
	}
	if answer.Error != nil {
		if answer.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound {
			return stored{}, errNoMessage
		}
		return stored{}, answer.Error
	}
	if answer.Message.Sequence == 0 {
		return stored{}, errNoPlace
	}
	return stored{answer.Message.Sequence, answer.Message.Subject, answer.Message.Data}, nil
}

// readHead asks the server where an aggregate stands, and remembers it.
func (s *Store) readHead(ctx context.Context, agg event.Aggregate) (head, error) {
	last, err := s.readLast(ctx, agg)
	return head{last.Version, uint64(last.Position)}, err
}

// readLast asks the server for an aggregate's last event, and remembers where it
// is. Of an aggregate without events it is the zero value.
func (s *Store) readLast(ctx context.Context, agg event.Aggregate) (event.Recorded, error) {
	m, err := s.get(ctx, getRequest{LastFor: s.subjects.aggregate(agg)})
	if errors.Is(err, errNoMessage) {
		return event.Recorded{}, nil
	}
	if err != nil {
		return event.Recorded{}, s.explain("reading the version of "+agg.String(), err)
	}
	last, err := s.decode(m)
	if err != nil {
		return event.Recorded{}, err
	}
	s.heads.put(agg, head{last.Version, m.sequence})
	return last, nil
}

// decode turns a stored message into an event.
func (s *Store) decode(m stored) (event.Recorded, error) {
	var r event.Recorded
	if err := newDecoder(s.subjects).decode(m.subject, m.body, &r); err != nil {
		return r, &eventstore.UnreadableError{Position: event.Position(m.sequence), Subject: m.subject, Reason: err.Error()}
	}
	r.Position = event.Position(m.sequence)
	return r, nil
}
