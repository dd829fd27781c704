package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// inactiveAfter is when the server forgets a consumer that nobody reads.
const inactiveAfter = 2 * time.Minute

// errLost is a session that has to be opened again, from where it got to.
var errLost = errors.New("reading the log was interrupted")

// session is one consumer of the stream, from a sequence on. It decodes in the
// connection's goroutine while its reader works on the batch before.
type session struct {
	decoder *decoder
	max     int
	sub     *nats.Subscription
	pulls   *pulls
	ready   chan struct{} // holds one token while there is something to take
	room    chan struct{} // holds one token after something was taken
	done    chan struct{}

	mu        sync.Mutex
	batch     []event.Recorded
	err       error
	delivered uint64 // the consumer's own count
	next      uint64 // the next sequence of the stream; 0 if filtered
}

// openSession starts to read from sequence next. The consumer's own count shows
// whether a message was lost on its way here. A hole in the stream's sequences
// is then one of the log, unless a filter leaves messages out.
func (s *Store) openSession(ctx context.Context, filter string, next uint64) (*session, func(), error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	ses := &session{
		decoder: newDecoder(s.subjects),
		max:     s.cfg.MaxBatch,
		ready:   make(chan struct{}, 1),
		room:    make(chan struct{}, 1),
		done:    make(chan struct{}),
	}
	if filter == s.subjects.all() {
		ses.next = next
		filter = "" // the stream has nothing else, and to filter costs the server time
	}
	consumer, err := s.consume(ctx, ses, filter, next)
	if err != nil {
		return nil, nil, err
	}
	release := func() {
		close(ses.done)
		_ = ses.sub.Unsubscribe() // it fails where the connection is gone
		// Without waiting: the server forgets the consumer by itself, only later.
		_ = s.nc.Publish("$JS.API.CONSUMER.DELETE."+s.cfg.Stream+"."+consumer.CachedInfo().Name, nil)
	}
	return ses, release, nil
}

// consume lets a new consumer deliver to ses.
func (s *Store) consume(ctx context.Context, ses *session, filter string, next uint64) (jetstream.Consumer, error) {
	nc, err := s.feed.connection(s.cfg)
	if err != nil {
		return nil, err
	}
	lost := s.feed.link.current()
	consumer, err := s.js.CreateConsumer(ctx, s.cfg.Stream, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       next,
		FilterSubject:     filter,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: inactiveAfter,
	})
	if err != nil {
		return nil, err
	}
	ses.pulls = newPulls(nc)
	if ses.sub, err = nc.Subscribe(ses.pulls.inbox+"*", ses.deliver); err != nil {
		return nil, err
	}
	err = ses.sub.SetPendingLimits(-1, -1) // the pulls bound it
	if err == nil {
		err = ses.pulls.begin(s.cfg.Stream, consumer.CachedInfo().Name)
	}
	if err != nil {
		_ = ses.sub.Unsubscribe() // err says more
		return nil, err
	}
	go ses.pulls.watch(lost, ses)
	return consumer, nil
}

// deliver takes what the server sends: an event, or the end of a pull.
func (ses *session) deliver(m *nats.Msg) {
	if m.Reply != "" {
		ses.pulls.events.Add(1)
		ses.receive(m)
	} else if err := ses.pulls.ended(m.Subject); err != nil {
		ses.fail(err)
	}
}

// receive takes one message, waiting while the batch is full.
func (ses *session) receive(m *nats.Msg) {
	ses.mu.Lock()
	defer ses.mu.Unlock()
	for len(ses.batch) >= ses.max && ses.err == nil {
		ses.mu.Unlock()
		select {
		case <-ses.room:
		case <-ses.done:
			ses.mu.Lock()
			return
		}
		ses.mu.Lock()
	}
	if ses.err != nil {
		return
	}
	ses.batch = append(ses.batch, event.Recorded{})
	more, err := ses.read(m, &ses.batch[len(ses.batch)-1])
	if err != nil {
		ses.batch = ses.batch[:len(ses.batch)-1]
		ses.err = err
	}
	// While the server has more at hand the reader is not woken before a batch is
	// full: what comes next, an event or the session's end, wakes it.
	if !more || err != nil || len(ses.batch) >= ses.max {
		signal(ses.ready)
	}
}

// read checks a message's place and decodes it into r. More says that the
// server has further messages for this session.
func (ses *session) read(m *nats.Msg, r *event.Recorded) (more bool, err error) {
	stream, consumer, more, ok := places(m.Reply)
	if !ok {
		return false, fmt.Errorf("reading the log: a message came with reply subject %q, which has no place in it", m.Reply)
	}
	if ses.delivered++; consumer != ses.delivered {
		return false, errLost
	}
	if ses.next > 0 {
		if stream != ses.next {
			return false, &eventstore.GapError{Expected: event.Position(ses.next), Actual: event.Position(stream)}
		}
		ses.next++
	}
	if err := ses.decoder.decode(m.Subject, m.Data, r); err != nil {
		return false, &eventstore.UnreadableError{Position: event.Position(stream), Subject: m.Subject, Reason: err.Error()}
	}
	r.Position = event.Position(stream)
	return more, nil
}

// fail ends the session, unless it has ended.
func (ses *session) fail(err error) {
	ses.mu.Lock()
	defer ses.mu.Unlock()
	if ses.err == nil {
		ses.err = err
	}
	signal(ses.ready)
	signal(ses.room)
}

// take waits for events. It returns what there is, up to the batch's bound,
// and the error only when all before it has been taken.
func (ses *session) take(ctx context.Context, closed <-chan struct{}) ([]event.Recorded, error) {
	for {
		select {
		case <-ses.ready:
		case <-closed:
			return nil, eventstore.ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		ses.mu.Lock()
		batch, err := ses.batch, ses.err
		if len(batch) > 0 { // the next one will be of like size
			ses.batch = make([]event.Recorded, 0, len(batch))
		}
		ses.mu.Unlock()
		signal(ses.room)
		if len(batch) == 0 && err == nil {
			continue
		}
		if len(batch) > 0 && err != nil {
			signal(ses.ready)
			err = nil
		}
		return batch, err
	}
}

// rest takes what has come of a batch that does not become full.
func (ses *session) rest() []event.Recorded {
	ses.mu.Lock()
	defer ses.mu.Unlock()
	batch := ses.batch
	ses.batch = nil
	signal(ses.room)
	return batch
}

// signal leaves a token in a channel that holds one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// places reads a message's sequences in the stream and in the consumer, and
// whether more messages wait behind it, from its reply subject. That is of two
// forms: $JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.
// <consumer sequence>.<time>.<waiting>, or, with two tokens more after $JS.ACK
// and perhaps one at the end.
func places(reply string) (stream, consumer uint64, more, ok bool) {
	rest, ok := strings.CutPrefix(reply, "$JS.ACK.")
	if !ok {
		return 0, 0, false, false
	}
	skip := 3
	switch dots := strings.Count(rest, "."); {
	case dots > 7:
		skip = 5
	case dots != 6:
		return 0, 0, false, false
	}
	for range skip {
		_, rest, _ = strings.Cut(rest, ".")
	}
	first, rest, _ := strings.Cut(rest, ".")
	second, rest, _ := strings.Cut(rest, ".")
	_, rest, _ = strings.Cut(rest, ".")
	waiting, _, _ := strings.Cut(rest, ".")
	stream, ok1 := number(first)
	consumer, ok2 := number(second)
	_, more = number(waiting)
	return stream, consumer, more, ok1 && ok2
}

// number reads a decimal number above 0.
func number(s string) (uint64, bool) {
	var n uint64
	for _, c := range []byte(s) {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, n > 0
}
