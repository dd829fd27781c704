package embedded

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
)

// Sync says when a stored message is flushed from the operating system to disk.
type Sync string

const (
	// SyncAlways flushes before an append is acknowledged: a power failure
	// loses nothing that was acknowledged. It is the default.
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
}

// startTimeout bounds how long the server may take to recover its streams and
// to listen. Recovery of a large log reads all of its index.
const startTimeout = 2 * time.Minute

// Server is a running NATS server.
type Server struct {
	server *server.Server
	token  string
	lock   *flock.Flock
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
	return o, nil
}

func start(opts Options) (*Server, error) {
	lock, err := lockDir(opts.Dir)
	if err != nil {
		return nil, err
	}
	ns, err := server.NewServer(&server.Options{
		ServerName:    "refold",
		Host:          "127.0.0.1",
		Port:          opts.Port,
		Authorization: opts.Token,
		JetStream:     true,
		StoreDir:      opts.Dir,
		SyncAlways:    opts.Sync == SyncAlways,
		SyncInterval:  opts.SyncEvery,
		NoSigs:        true,
	})
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	ns.SetLoggerV2(&logger{opts.Logger}, false, false, false)
	s := &Server{server: ns, token: opts.Token, lock: lock}
	ns.Start()
	if !ns.ReadyForConnections(startTimeout) || !ns.JetStreamEnabled() {
		return nil, errors.Join(errors.New("the server did not come up; its log says why"), s.Close())
	}
	return s, nil
}

// URL returns where the server listens, without the token.
func (s *Server) URL() string { return "nats://" + s.server.Addr().String() }

// Token returns what clients must present.
func (s *Server) Token() string { return s.token }

// Close stops the server, waits until it has stopped, and unlocks the
// directory. Closing twice is fine.
func (s *Server) Close() error {
	s.server.Shutdown()
	s.server.WaitForShutdown()
	return s.lock.Unlock()
}
