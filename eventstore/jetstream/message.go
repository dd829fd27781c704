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
	m := &nats.Msg{Data: make([]byte, 0, 512+len(e.Data)+len(e.Metadata)), Header: make(nats.Header, 3)}
	return m, s.fill(m, e, version)
}

// fill turns m into the message of e at a version. It reuses the memory of what
// m was.
func (s *Store) fill(m *nats.Msg, e *event.Event, version event.Version) error {
	m.Subject = s.subjects.event(e)
	m.Data = encode(m.Data[:0], e, version)
	setHeader(m, jetstream.MsgIDHeader, e.ID.String())
	limit := int(s.nc.MaxPayload())
	if size := len(m.Data) + len(m.Subject) + headerBytes; size > limit {
		return &eventstore.TooLargeError{What: "event", Unit: "bytes", Size: size, Limit: limit}
	}
	return nil
}

func setHeader(m *nats.Msg, name, value string) {
	if is := m.Header[name]; len(is) == 1 {
		is[0] = value
		return
	}
	m.Header[name] = []string{value}
}

// expect makes the server refuse m unless its aggregate's last message is the
// one at.
func (s *Store) expect(m *nats.Msg, agg event.Aggregate, at head) {
	setHeader(m, jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(at.sequence, 10))
	setHeader(m, jetstream.ExpectedLastSubjSeqSubjHeader, s.subjects.aggregate(agg))
}
