package jetstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
)

// Inspection is what a client sees of a server and of the log on it.
type Inspection struct {
	URL      string // of the server that answered, without user and password
	ServerID string
	Version  string // of the server
	Loopback bool   // the server is on this machine
	TLS      bool
	Stream   *StreamState // nil if there is no such stream
}

// StreamState is what a log's stream holds.
type StreamState struct {
	Name     string
	Replicas int
	Away     []string       // servers with a replica that are not heard of, or behind
	Stuck    error          // a *eventstore.LeaderlessError; nil for a stream that takes appends
	First    event.Position // 0 if the stream has never had a message
	Last     event.Position
	Messages uint64
	Missing  event.Position // the first one up to Last without a message; 0 if there is none
	// Conflict is the first setting with which the stream cannot be a log.
	Conflict *StreamConfigError
}

// Inspect looks at a server and the log on it and changes neither. The errors
// are those of Open, and jetstream.ErrJetStreamNotEnabled of nats.go; the
// Inspection holds what was seen before an error.
func Inspect(ctx context.Context, cfg Config) (Inspection, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return Inspection{}, fmt.Errorf("inspecting the event log: %w", err)
	}
	nc, err := connect(cfg, newLink())
	if err != nil {
		return Inspection{}, fmt.Errorf("inspecting the event log: %w", err)
	}
	defer nc.Close()
	seen := inspectServer(nc)
	if seen.Stream, err = inspectStream(ctx, nc, cfg); err != nil {
		err = fmt.Errorf("inspecting the event log: %w", err)
	}
	return seen, err
}

func inspectServer(nc *nats.Conn) Inspection {
	seen := Inspection{URL: redact(nc.ConnectedUrl()), ServerID: nc.ConnectedServerId(), Version: nc.ConnectedServerVersion()}
	if _, err := nc.TLSConnectionState(); err == nil {
		seen.TLS = true
	}
	if host, _, err := net.SplitHostPort(nc.ConnectedAddr()); err == nil {
		ip := net.ParseIP(host)
		seen.Loopback = ip != nil && ip.IsLoopback()
	}
	return seen
}

func inspectStream(ctx context.Context, nc *nats.Conn, cfg Config) (*StreamState, error) {
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(requestTimeout))
	if err != nil {
		return nil, err
	}
	stream, err := js.Stream(ctx, cfg.Stream)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return nil, nil
	case errors.Is(err, nats.ErrNoResponders):
		return nil, jetstream.ErrJetStreamNotEnabled
	case err != nil:
		return nil, fmt.Errorf("opening stream %s: %w", cfg.Stream, err)
	}
	info := stream.CachedInfo()
	state := &StreamState{
		Name: info.Config.Name, Replicas: info.Config.Replicas,
		First: event.Position(info.State.FirstSeq), Last: event.Position(info.State.LastSeq),
		Messages: info.State.Msgs, Away: away(info.Cluster), Stuck: leaderless(info),
	}
	if state.Missing, err = firstMissing(ctx, stream); err != nil {
		return nil, err
	}
	if err := checkStream(cfg, streamConfig(cfg), info.Config); !errors.As(err, &state.Conflict) {
		return state, err
	}
	return state, nil
}

// Missing returns the first position up to the log's end at which the server has
// no message, by its own count, or 0. A message that is damaged on the disk may
// count until it is read.
func (s *Store) Missing(ctx context.Context) (event.Position, error) {
	stream, err := s.js.Stream(ctx, s.cfg.Stream)
	var at event.Position
	if err == nil {
		at, err = firstMissing(ctx, stream)
	}
	if err != nil {
		err = s.explain("looking for holes in the log", err)
	}
	return at, err
}

// firstMissing asks the server for more than the stream's cached state only if
// that has a hole.
func firstMissing(ctx context.Context, stream jetstream.Stream) (event.Position, error) {
	switch st := stream.CachedInfo().State; {
	case st.LastSeq > 0 && st.FirstSeq > 1:
		return 1, nil
	case st.Msgs == st.LastSeq:
		return 0, nil
	}
	info, err := stream.Info(ctx, jetstream.WithDeletedDetails(true))
	if err != nil {
		return 0, fmt.Errorf("asking for what the stream has lost: %w", err)
	}
	if len(info.State.Deleted) == 0 { // it has been written to meanwhile
		return 0, nil
	}
	return event.Position(slices.Min(info.State.Deleted)), nil
}
