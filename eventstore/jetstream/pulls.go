package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// A session has two pulls under way, so that the server has one to go on with
// while the other is asked for. It serves them in turns; the first is half as
// large, so that they do not end at the same time. How much is under way is
// bounded in bytes, and small enough for a processor's cache.
const (
	openPulls    = 2
	pullMessages = 8192
	pullBytes    = 2 << 20
	pullExpiry   = 5 * time.Second // and so the time after which an idle server is heard of
	maxSilence   = pullExpiry + 2*time.Second
	subjectBytes = 64 << 10 // more than the subjects take that the server counts with a message
)

// pulls asks a consumer for messages. The server ends a pull with a message
// that has no reply subject, on the pull's own subject: because of its time, its
// bounds, or because the consumer is no more. The reason is in headers, which
// do not come (see feed); what to do is the same without.
type pulls struct {
	nc      *nats.Conn
	request string // the subject to ask on
	inbox   string // leads the pulls' subjects
	bytes   int    // the largest message fits half of them

	events atomic.Uint64 // that have come

	mu    sync.Mutex
	began [openPulls]time.Time
	after [openPulls]uint64 // how many events had come when it began
	ends  uint64            // of pulls
	heard uint64            // events and ends when it was last asked for them
}

func newPulls(nc *nats.Conn) *pulls {
	return &pulls{nc: nc, inbox: nats.NewInbox() + ".", bytes: max(pullBytes, 2*(int(nc.MaxPayload())+subjectBytes))}
}

// begin starts the pulls.
func (p *pulls) begin(stream, consumer string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.request = "$JS.API.CONSUMER.MSG.NEXT." + stream + "." + consumer
	var errs []error
	for i := range openPulls {
		errs = append(errs, p.pull(i, p.bytes*(i+1)/openPulls))
	}
	return errors.Join(errs...)
}

// pull begins pull i. The mutex is held.
func (p *pulls) pull(i, bytes int) error {
	p.began[i], p.after[i] = time.Now(), p.events.Load()
	body := fmt.Appendf(nil, `{"batch":%d,"max_bytes":%d,"expires":%d}`, pullMessages, bytes, pullExpiry)
	return p.nc.PublishRequest(p.request, p.inbox+strconv.Itoa(i), body)
}

// ended begins the pull anew that ended with a message on subject. One that
// ended before its time without an event is one that the server does not serve.
func (p *pulls) ended(subject string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ends++
	i, err := strconv.Atoi(subject[min(len(p.inbox), len(subject)):])
	if err != nil || i < 0 || i >= openPulls {
		return fmt.Errorf("reading the log: a message came on subject %q, which is no event's and no pull's", subject)
	}
	if p.events.Load() == p.after[i] && time.Since(p.began[i]) < pullExpiry/2 {
		return fmt.Errorf("%w: the server does not serve its consumer", errLost)
	}
	return p.pull(i, p.bytes)
}

// watch ends a session when the connection is lost, or when nothing is heard
// though a pull has expired.
func (p *pulls) watch(lost context.Context, ses *session) {
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for silent := time.Duration(0); silent < maxSilence; silent += time.Second {
		select {
		case <-ses.done:
			return
		case <-lost.Done():
			ses.fail(fmt.Errorf("%w: %w", errLost, context.Cause(lost)))
			return
		case <-look.C:
		}
		if queued, _, err := ses.sub.Pending(); err == nil && queued > 0 || p.look() { // queued: the reader is slow
			silent = 0
		}
	}
	ses.fail(fmt.Errorf("%w: the server is silent", errLost))
}

// look reports whether anything was heard since it was last called. It begins
// anew what should have ended long ago: a pull whose bytes were used up to the
// last ends without a message.
func (p *pulls) look() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.began {
		if time.Since(p.began[i]) > 2*pullExpiry {
			_ = p.pull(i, p.bytes) // where it fails, the connection is lost
		}
	}
	before := p.heard
	p.heard = p.events.Load() + p.ends
	return p.heard > before
}
