package jetstream

import (
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"
)

// callers are who makes requests, each with a subscription of its own for the
// answers, so that an answer goes from the connection's reader straight to who
// waits for it. The library's own requests share a subscription, which costs
// each of them another switch of goroutines.
type callers struct {
	nc   *nats.Conn
	mu   sync.Mutex
	idle []*caller
}

// caller makes one request at a time.
type caller struct {
	inbox   string // leads the requests' subjects for their answers
	request uint64
	answer  chan *nats.Msg
	sub     *nats.Subscription
}

// next returns the subject for the answer to the caller's next request. No
// other request has the same, so that no answer is taken for another one's.
func (w *caller) next() string {
	w.request++
	return w.inbox + strconv.FormatUint(w.request, 10)
}

// maxAnswers is how many answers may come that nobody waits for any more.
const maxAnswers = 8

// maxIdle bounds the subscriptions that nobody uses.
const maxIdle = 64

// take returns an idle caller, or a new one.
func (c *callers) take() (*caller, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := len(c.idle) - 1; last >= 0 {
		w := c.idle[last]
		c.idle = c.idle[:last]
		return w, nil
	}
	w := &caller{inbox: nats.NewInbox() + ".", answer: make(chan *nats.Msg, maxAnswers)}
	var err error
	w.sub, err = c.nc.ChanSubscribe(w.inbox+"*", w.answer)
	return w, err
}

// giveBack takes a caller whose answer has come.
func (c *callers) giveBack(w *caller) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.idle) < maxIdle {
		c.idle = append(c.idle, w)
	} else {
		c.drop(w)
	}
}

// drop lets go of a caller, for whom an answer may still come.
func (c *callers) drop(w *caller) { _ = w.sub.Unsubscribe() } // it fails where the connection is closed
