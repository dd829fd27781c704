package jetstream

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/eventstore"
)

// Accepts returns why the log takes no appends now, as far as that shows without one: an
// embedded log that could not be brought to disk, which is a *eventstore.FlushError, or
// one whose servers have no leader, a *eventstore.LeaderlessError. Both can go on being
// read: a server that has lost the others answers for what it has.
func (s *Store) Accepts(ctx context.Context) error {
	if s.flusher.group != nil {
		ctx, cancel := context.WithTimeout(ctx, requestTimeout)
		defer cancel()
		if err := s.flusher.refusedBy(s.flusher.health(ctx)); err != nil {
			return err
		}
		return s.flusher.refusedBy(s.flusher.group.Sync(ctx)) // no answer is no news
	}
	return s.led(ctx)
}

// led is a *eventstore.LeaderlessError where the stream has servers and no leader.
func (s *Store) led(ctx context.Context) error {
	if !s.replicated {
		return nil
	}
	stream, err := s.js.Stream(ctx, s.cfg.Stream)
	if err != nil {
		return s.explain("asking for the log's leader", err)
	}
	return leaderless(stream.CachedInfo())
}

// leaderless is a *eventstore.LeaderlessError of a stream that has several servers and
// of them no leader, or nil.
func leaderless(info *jetstream.StreamInfo) error {
	c := info.Cluster
	if info.Config.Replicas < 2 || c == nil || c.Leader != "" {
		return nil
	}
	return &eventstore.LeaderlessError{Stream: info.Config.Name, Replicas: info.Config.Replicas, Away: away(c)}
}

// away are the servers that the one which answers does not hear of, or that are behind.
func away(c *jetstream.ClusterInfo) (names []string) {
	if c == nil {
		return nil
	}
	for _, peer := range c.Replicas {
		if peer.Offline || !peer.Current {
			names = append(names, peer.Name)
		}
	}
	return names
}
