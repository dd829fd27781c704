package embedded

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/refold-dev/refold/eventstore/jetstream/internal/barrier"
	"github.com/refold-dev/refold/eventstore/jetstream/internal/blockfiles"
	"github.com/refold-dev/refold/eventstore/jetstream/internal/unfinished"
)

// Sync says when a stored message is flushed from the operating system to disk.
type Sync string

const (
	// SyncAlways flushes before a Store's append returns, once for all appends
	// that are under way: a power failure loses nothing that was acknowledged.
	// It is the default.
	SyncAlways Sync = "always"
	// SyncInterval flushes every SyncEvery: a crash of the process loses
	// nothing, a power failure loses what was appended since.
	SyncInterval Sync = "interval"
)

// Options says where the server keeps its data and how safely.
type Options struct {
	// Dir is the directory of the log. It is made if it is missing.
	Dir string
	// Sync is SyncAlways if empty.
	Sync Sync
	// SyncEvery is the interval of SyncInterval, 1 second if 0.
	SyncEvery time.Duration
	// Port is the port to listen on, a free one if 0.
	Port int
	// Token is what clients must present; a random one is made if empty.
	Token string
	// Logger gets the server's warnings and errors, and its notices at debug
	// level. The default discards.
	Logger *slog.Logger

	flush func(*os.File) error // for tests; (*os.File).Sync if nil
}

// startTimeout bounds how long the server may take to recover its streams and
// to listen. Recovery of a large log reads all of its index.
const startTimeout = 2 * time.Minute

// Server is a running NATS server.
type Server struct {
	server  *server.Server
	token   string
	dir     string
	flush   blockfiles.Flush
	barrier *barrier.Server // nil with SyncInterval
	lock    *flock.Flock
	closing sync.Once
	err     error // of closing
}

// Start runs a server. The error is a *LockedError if another one runs over
// the same directory.
func Start(opts Options) (*Server, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("starting the embedded event log: %w", err)
	}
	made, err := makeDir(opts.Dir)
	var s *Server
	if err == nil {
		s, err = start(opts)
	}
	if err != nil {
		if made != "" {
			err = errors.Join(err, os.RemoveAll(made))
		}
		return nil, fmt.Errorf("starting the embedded event log in %s: %w", opts.Dir, err)
	}
	return s, nil
}

func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" {
		return o, errors.New("a directory is required")
	}
	if o.Sync == "" {
		o.Sync = SyncAlways
	}
	if o.Sync != SyncAlways && o.Sync != SyncInterval {
		return o, fmt.Errorf("sync %q: must be %q or %q", o.Sync, SyncAlways, SyncInterval)
	}
	if o.SyncEvery <= 0 {
		o.SyncEvery = time.Second
	}
	if o.Port == 0 {
		o.Port = server.RANDOM_PORT
	}
	if o.Token == "" {
		o.Token = rand.Text()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.flush == nil {
		o.flush = (*os.File).Sync
	}
	return o, nil
}

func start(opts Options) (*Server, error) {
	lock, err := lockDir(opts.Dir)
	if err != nil {
		return nil, err
	}
	if err := mend(opts); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	ns, err := server.NewServer(serverOptions(opts))
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	ns.SetLoggerV2(&logger{opts.Logger}, false, false, false)
	s := &Server{server: ns, token: opts.Token, dir: opts.Dir, flush: opts.flush, lock: lock}
	ns.Start()
	if !ns.ReadyForConnections(startTimeout) || !ns.JetStreamEnabled() {
		return nil, errors.Join(errors.New("the server did not come up; its log says why"), s.Close())
	}
	if opts.Sync == SyncAlways {
		if err := s.serveBarrier(); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// mend prepares the files that an end which was not in order left.
func mend(opts Options) error {
	clean, err := blockfiles.DropIndexes(opts.Dir, opts.flush)
	if err != nil || clean {
		return err
	}
	return unfinished.TakeBack(opts.Dir, opts.flush, opts.Logger)
}

// serverOptions never asks the server itself to flush each message: it would
// do so under the stream's lock, one after the other.
func serverOptions(opts Options) *server.Options {
	name := "refold"
	if opts.Sync == SyncAlways {
		name = barrier.ServerName
	}
	return &server.Options{
		ServerName:    name,
		Host:          "127.0.0.1",
		Port:          opts.Port,
		Authorization: opts.Token,
		JetStream:     true,
		StoreDir:      opts.Dir,
		SyncInterval:  opts.SyncEvery,
		NoSigs:        true,
	}
}

func (s *Server) serveBarrier() error {
	nc, err := nats.Connect("", nats.InProcessServer(s.server), nats.Token(s.token), nats.Name("refold flush"))
	if err != nil {
		return fmt.Errorf("connecting within the process: %w", err)
	}
	s.barrier, err = barrier.Serve(nc, s.dir, s.StreamsDir(), s.flush, s.health)
	return err
}

// health says why the server can write to a stream no more: after the first write
// that fails, as on a full disk, it takes nothing until it is started again.
func (s *Server) health(stream string) error {
	found := s.server.Healthz(&server.HealthzOptions{Account: server.DEFAULT_GLOBAL_ACCOUNT, Stream: stream, Details: true})
	for _, e := range found.Errors {
		if e.Type == server.HealthzErrorStream {
			return errors.New(e.Error)
		}
	}
	return nil
}

// URL returns where the server listens, without the token.
func (s *Server) URL() string { return "nats://" + s.server.Addr().String() }

// Token returns what clients must present.
func (s *Server) Token() string { return s.token }

// StreamsDir returns the folder in which the server keeps its streams, one
// folder each.
func (s *Server) StreamsDir() string {
	return filepath.Join(s.server.JetStreamConfig().StoreDir, server.DEFAULT_GLOBAL_ACCOUNT, "streams")
}

// Close stops the server, waits until it has stopped and all of its files are
// on disk, and unlocks the directory. Closing twice is fine.
func (s *Server) Close() error {
	s.closing.Do(func() { s.err = s.close() })
	return s.err
}

func (s *Server) close() error {
	var err error
	if s.barrier != nil {
		err = s.barrier.Close()
	}
	s.server.Shutdown()
	s.server.WaitForShutdown()
	if err == nil {
		err = blockfiles.MarkClean(s.dir, s.flush)
	}
	return errors.Join(err, s.lock.Unlock())
}
