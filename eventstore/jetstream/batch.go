package jetstream

import (
	"context"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"
)

// The headers that make messages an atomic batch.
const (
	batchIDHeader       = "Nats-Batch-Id"
	batchSequenceHeader = "Nats-Batch-Sequence"
	batchCommitHeader   = "Nats-Batch-Commit"
)

// publishBatch stores the messages all or none: the server keeps them aside
// until the last one, which says commit, and answers that one only. The
// answer's sequence is the last message's; the others precede it without gap.
func (s *Store) publishBatch(ctx context.Context, messages []*nats.Msg) (answer, error) {
	select {
	case s.batches <- struct{}{}:
		defer func() { <-s.batches }()
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	id := nuid.Next()
	for i, m := range messages {
		m.Header[batchIDHeader] = []string{id}
		m.Header[batchSequenceHeader] = []string{strconv.Itoa(i + 1)}
	}
	last := len(messages) - 1
	for _, m := range messages[:last] {
		if err := s.nc.PublishMsg(m); err != nil {
			return answer{}, err
		}
	}
	messages[last].Header[batchCommitHeader] = []string{"1"}
	reply, err := s.request(ctx, messages[last])
	if err != nil {
		return answer{}, err
	}
	return parseAnswer(reply)
}
