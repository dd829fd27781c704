package jetstream

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// A chain is a run of publishes under way at once that are stored next to each
// other, right behind a known end of the stream, or not at all from the first
// one on that is not.
//
// It is a batch of the server's kind for fast ingest, told to end at the first
// refusal, and each message states the stream's last sequence. So message n is
// stored only after n-1 was, at the sequence that was foreseen for it. The one
// message that may be missing without ending the batch is one whose id the
// server knows. As the caller knows all ids up to the chain's start, somebody
// else has stored it since; and the next message gets through only where that
// is the foreseen place.
//
// Chains of plain publishes are not as safe, not even if each names the id of
// the message before it: two imports that share some events can continue each
// other's, with versions that were counted over events that are not there.
type chain struct {
	inbox  string // leads the reply subjects of all its messages
	length int
}

func newChain(length int) chain {
	return chain{nats.NewInbox() + "." + nuid.Next() + "." + strconv.Itoa(chainFlow) + ".fail.", length}
}

// maxChain bounds a chain, in messages: what is under way at once.
const maxChain = 4096

// Operations within a fast batch, as the server numbers them.
const (
	chainStart  = 0
	chainAppend = 1
	chainCommit = 2
)

// chainFlow is how many messages the server may store before it says so.
const chainFlow = 500

// reply is the reply subject of message n, from 1, in which the server reads
// what it is to do.
func (c *chain) reply(n int) string {
	op := chainAppend
	switch n {
	case c.length:
		op = chainCommit
	case 1:
		op = chainStart
	}
	return c.inbox + strconv.Itoa(n) + "." + strconv.Itoa(op) + ".$FI"
}

// publishChain publishes what next returns, length times, behind sequence
// after, and returns the sequence of the last message that was stored.
func (s *Store) publishChain(ctx context.Context, after uint64, length int, next func(i int) (*nats.Msg, error)) (uint64, error) {
	c := newChain(length)
	// With other chains on the stream the server may answer every message, and
	// the library drops what a full channel does not take.
	answers := make(chan *nats.Msg, 2*length+16)
	sub, err := s.nc.ChanSubscribe(c.inbox+">", answers)
	if err != nil {
		return 0, err
	}
	defer func() { _ = sub.Unsubscribe() }() // whatever still comes is of no interest
	for i := range length {
		m, err := next(i)
		if err != nil {
			return 0, err
		}
		m.Header[jetstream.ExpectedLastSeqHeader] = []string{strconv.FormatUint(after+uint64(i), 10)}
		m.Reply = c.reply(i + 1)
		if err := s.nc.PublishMsg(m); err != nil {
			return 0, err
		}
	}
	return s.awaitChain(ctx, answers)
}

// awaitChain reads the server's answers until the one that ends the chain.
func (s *Store) awaitChain(ctx context.Context, answers <-chan *nats.Msg) (uint64, error) {
	for {
		quiet, cancel := s.link.bound(ctx, requestTimeout)
		select {
		case m := <-answers:
			cancel()
			if last, done, err := parseChainAnswer(m); done || err != nil {
				return last, err
			}
		case <-quiet.Done():
			cancel()
			return 0, context.Cause(quiet)
		}
	}
}

// parseChainAnswer reads one answer: how far the server has got, a refusal, or
// the end.
func parseChainAnswer(m *nats.Msg) (last uint64, done bool, err error) {
	var flow struct {
		Type  string              `json:"type"`
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(m.Data, &flow); err != nil {
		return 0, false, fmt.Errorf("the answer to a publish is no JSON: %w", err)
	}
	switch {
	case flow.Type == "ack":
		return 0, false, nil
	case flow.Type == "gap":
		return 0, false, errLost
	case flow.Error != nil:
		return 0, false, flow.Error
	}
	a, err := parseAnswer(m)
	return a.Sequence, true, err
}
