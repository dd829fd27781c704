package jetstream

import (
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// headerBytes is more than all the headers of a message take, without the
// subjects in them.
const headerBytes = 400

// message builds the message of e at a version, without expectation.
func (s *Store) message(e *event.Event, version event.Version) (*nats.Msg, error) {
	m := &nats.Msg{
		Subject: s.subjects.event(e),
		Data:    encode(make([]byte, 0, 512+len(e.Data)+len(e.Metadata)), e, version),
		Header:  nats.Header{jetstream.MsgIDHeader: {e.ID.String()}},
	}
	limit := int(s.nc.MaxPayload())
	if size := len(m.Data) + len(m.Subject) + headerBytes; size > limit {
		return nil, &eventstore.TooLargeError{What: "event", Unit: "bytes", Size: size, Limit: limit}
	}
	return m, nil
}

// expect makes the server refuse m unless its aggregate's last message is the
// one at.
func (s *Store) expect(m *nats.Msg, agg event.Aggregate, at head) {
	m.Header[jetstream.ExpectedLastSubjSeqHeader] = []string{strconv.FormatUint(at.sequence, 10)}
	m.Header[jetstream.ExpectedLastSubjSeqSubjHeader] = []string{s.subjects.aggregate(agg)}
}
