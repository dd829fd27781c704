package jetstream

import (
	"context"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream/internal/barrier"
)

var _ eventstore.Log = (*Store)(nil)

// Store is an event store on one JetStream stream.
type Store struct {
	cfg        Config
	nc         *nats.Conn
	link       *link
	callers    callers
	feed       feed
	js         jetstream.JetStream
	subjects   subjects
	replicated bool
	chains     bool   // the stream takes them
	worthFiles uint64 // how many messages are worth to look for their files
	heads      *heads
	flusher    flusher
	batches    chan struct{} // one slot per atomic batch in flight
	closed     chan struct{}
	closeOnce  sync.Once
}

// maxBatches bounds the atomic batches in flight: the server refuses more than
// 50 on a stream, from all its clients together.
const maxBatches = 8

// Open connects to the server and creates the stream, or checks the one that
// exists. The errors are *UnreachableError, *UntrustedError, *RefusedError and
// *StreamConfigError where they say it all.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("opening the event log: %w", err)
	}
	l := newLink()
	nc, err := connect(cfg, l, nats.Name("refold"))
	if err != nil {
		return nil, fmt.Errorf("opening the event log: %w", err)
	}
	s := &Store{
		cfg:        cfg,
		nc:         nc,
		link:       l,
		callers:    callers{nc: nc},
		feed:       feed{link: newLink()},
		subjects:   subjects{cfg.Prefix},
		heads:      newHeads(),
		worthFiles: worthFiles,
		batches:    make(chan struct{}, maxBatches),
		closed:     make(chan struct{}),
	}
	if err := s.open(ctx); err != nil {
		nc.Close()
		return nil, fmt.Errorf("opening the event log: %w", err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	js, err := jetstream.New(s.nc, jetstream.WithDefaultTimeout(requestTimeout))
	if err != nil {
		return err
	}
	s.js = js
	stream, err := ensureStream(ctx, js, s.cfg)
	if err != nil {
		return err
	}
	s.replicated = stream.Replicas > 1
	s.chains = stream.AllowBatchPublish
	if stream.Storage != jetstream.FileStorage || s.replicated {
		s.cfg.StreamsDir = ""
	}
	if s.nc.ConnectedServerName() == barrier.ServerName && stream.Storage == jetstream.FileStorage {
		return s.flusher.init(ctx, s.nc, s.cfg.Stream, s.link)
	}
	return nil
}

// Head implements eventstore.Log.
func (s *Store) Head(ctx context.Context) (event.Position, error) {
	stream, err := s.js.Stream(ctx, s.cfg.Stream)
	if err != nil {
		return 0, s.explain("reading the log's last position", err)
	}
	return event.Position(stream.CachedInfo().State.LastSeq), nil
}

// Version implements eventstore.Log.
func (s *Store) Version(ctx context.Context, agg event.Aggregate) (event.Version, error) {
	h, err := s.readHead(ctx, agg)
	return h.version, err
}

// Close implements eventstore.Log.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		close(s.closed)
		s.nc.Close()
		s.link.disconnected() // who still waits for an answer
		s.feed.close()
	})
	return nil
}

// explain says what was being done when err came, and that the store is closed
// where that is the reason.
func (s *Store) explain(doing string, err error) error {
	select {
	case <-s.closed:
		err = eventstore.ErrClosed
	default:
	}
	return fmt.Errorf("%s: %w", doing, err)
}
