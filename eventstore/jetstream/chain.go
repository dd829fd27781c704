package jetstream

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/refold-dev/refold/domain/event"
)

// A chain is a run of publishes, many of them under way at once, that are stored
// next to each other, right behind a known end of the stream, or not at all from
// the first one on that is not.
//
// It is a batch of the server's kind for fast ingest, told to end at the first
// refusal, and each message states the stream's last sequence. So message n is
// stored only after n-1 was, at the sequence that was foreseen for it. The one
// message that may be missing without ending the batch is one whose id the
// server knows. As the caller knows all ids up to the chain's start, somebody
// else has stored it since. The next message gets through only where as many are
// stored as are foreseen, and those can then be no others: a chain whose last
// message is where it is foreseen is stored as a whole. Before that, what the
// server says to have stored may be anywhere behind the chain's start.
//
// Chains of plain publishes are not as safe, not even if each names the id of
// the message before it: two imports that share some events can continue each
// other's, with versions that were counted over events that are not there. Nor
// are two chains under way, one behind the other: what others write may fill
// just the gap that the first one left.
type chain struct {
	store   *Store
	inbox   string // leads the reply subjects of all its messages
	flow    int    // how many messages the server may store before it says so
	answers chan *nats.Msg
	sub     *nats.Subscription
	after   uint64 // the stream's end in front of the chain
	sent    int
	stored  int      // of those sent, as far as the server has said, wherever that is
	message nats.Msg // the last one sent, whose memory the next one uses
}

// maxChain bounds how many messages of a chain are under way at once.
const maxChain = 4096

// maxFlow is the most messages that the server stores before it says so.
const maxFlow = 500

// Operations within a fast batch, as the server numbers them.
const (
	chainStart  = 0
	chainAppend = 1
	chainEnd    = 3 // of an empty message, which is not stored
)

// newChain begins a chain behind sequence after, of which window messages are
// to be under way.
func (s *Store) newChain(after uint64, window int) (*chain, error) {
	c := &chain{store: s, after: after, flow: max(1, min(maxFlow, window/8))}
	c.inbox = nats.NewInbox() + "." + nuid.Next() + "." + strconv.Itoa(c.flow) + ".fail."
	// With other chains on the stream the server may answer every message, and
	// the library drops what a full channel does not take.
	c.answers = make(chan *nats.Msg, 2*maxChain+16)
	var err error
	c.sub, err = s.nc.ChanSubscribe(c.inbox+">", c.answers)
	return c, err
}

// close lets go of a chain. What of it is under way may still be stored.
func (c *chain) close() { _ = c.sub.Unsubscribe() } // it fails where the connection is closed

// underWay is how many messages the server has not yet said to have stored.
func (c *chain) underWay() int { return c.sent - c.stored }

// reply is the reply subject of message n, from 1, in which the server reads
// what it is to do.
func (c *chain) reply(n, op int) string {
	return c.inbox + strconv.Itoa(n) + "." + strconv.Itoa(op) + ".$FI"
}

// send publishes the message of e, with a version, as the next one.
func (c *chain) send(e *event.Event, version event.Version) error {
	op, m := chainAppend, &c.message
	if c.sent == 0 {
		op, m.Header = chainStart, make(nats.Header, 2)
	}
	if err := c.store.fill(m, e, version); err != nil {
		return err
	}
	setHeader(m, jetstream.ExpectedLastSeqHeader, strconv.FormatUint(c.after+uint64(c.sent), 10))
	m.Reply = c.reply(c.sent+1, op)
	if err := c.store.nc.PublishMsg(m); err != nil {
		return err
	}
	c.sent++
	return nil
}

// progress waits until the server has stored more of the messages that are
// under way, which must be as many as flow says.
func (c *chain) progress(ctx context.Context) error {
	for before := c.stored; c.stored == before; {
		if ended, err := c.hear(ctx); err != nil {
			return err
		} else if ended {
			return errLost
		}
	}
	return nil
}

// end waits until the server has stored what is under way, and ends the chain.
func (c *chain) end(ctx context.Context) error {
	m := &nats.Msg{Subject: c.message.Subject, Reply: c.reply(c.sent+1, chainEnd)}
	if err := c.store.nc.PublishMsg(m); err != nil {
		return err
	}
	for {
		ended, err := c.hear(ctx)
		switch {
		case err != nil:
			return err
		case ended && c.underWay() > 0:
			return errLost
		case ended:
			return nil
		}
	}
}

// hear waits for one answer.
func (c *chain) hear(ctx context.Context) (ended bool, err error) {
	ctx, cancel := c.store.link.bound(ctx, requestTimeout)
	defer cancel()
	select {
	case m := <-c.answers:
		a, err := parseChainAnswer(m)
		if err == nil {
			c.stored = max(c.stored, c.known(a))
		}
		return a.ended, err
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

// known returns how many messages an answer says to be stored.
func (c *chain) known(a chainAnswer) int {
	switch {
	case !a.ended:
		return int(min(uint64(c.sent), a.stored))
	case a.last == c.after+uint64(c.sent):
		return c.sent
	}
	return 0
}

// chainAnswer is how far the server has got: how many messages of the chain it
// has stored or, once the chain has ended, the sequence of the last of them.
type chainAnswer struct {
	stored uint64
	last   uint64
	ended  bool
}

// parseChainAnswer reads one answer: how far the server has got, a refusal, or
// the end.
func parseChainAnswer(m *nats.Msg) (chainAnswer, error) {
	var flow struct {
		Type  string              `json:"type"`
		Seq   uint64              `json:"seq"`
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(m.Data, &flow); err != nil {
		return chainAnswer{}, fmt.Errorf("the answer to a publish is no JSON: %w", err)
	}
	switch {
	case flow.Type == "ack":
		return chainAnswer{stored: flow.Seq}, nil
	case flow.Type == "gap":
		return chainAnswer{}, errLost
	case flow.Error != nil:
		return chainAnswer{}, flow.Error
	}
	a, err := parseAnswer(m)
	if err == nil && a.Duplicate { // the first message's id is known, so nothing is stored
		err = errLost
	}
	return chainAnswer{last: a.Sequence, ended: err == nil}, err
}
