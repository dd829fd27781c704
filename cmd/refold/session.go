package main

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/archive"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/eventstore/upcast"
)

const hintInUse = "wait for it to end, or name another directory with --data"

// session is a command's hold on a data directory and its log: as the only
// process, or beside the engine that has the directory. Of an engine elsewhere it is a
// way to ask it, and nothing else.
type session struct {
	dir      datadir.Dir
	log      eventstore.Log   // as it is stored
	store    eventstore.Log   // the same through the catalog, with the archive in front if it was wanted
	digest   [32]byte         // of the catalog that the store reads through; zero for none
	archived *archive.Store   // store, if it has the archive in front
	archive  *archive.Archive // nil if it was not wanted, or an engine has it
	control  *control.Client  // of the engine that has the directory; or nil
	kept     config.Store     // where the log is
	logURL   string
	token    string
	streams  string           // the folder of the embedded server's streams
	server   jetstream.Config // how the log's server is reached
	types    *catalog.Catalog // that the store reads through
	closers  []func() error
}

// opening says what a command wants of a data directory.
type opening struct {
	// config declares store and catalog; nil for those that the directory began
	// with.
	config *config.Config
	// archived wants the archive in front of the log.
	archived bool
	// unheard takes the log as it is, whatever the archive bears witness of.
	unheard bool
	// alone refuses a directory that an engine has, wherever that is.
	alone bool
}

// open takes the data directory, which is made if it is not there, and opens
// its log.
func (a *app) open(ctx context.Context, want opening, logger *slog.Logger) (*session, error) {
	s := &session{dir: datadir.At(a.data)}
	if want.config != nil && want.config.Store.URL != "" && !s.dir.Exists() {
		if err := reach(ctx, want.config.Store, logger); err != nil {
			return nil, err
		}
	}
	release, endpoint, err := take(ctx, s.dir)
	if err != nil {
		return nil, err
	}
	if endpoint != nil && want.alone {
		return nil, &hinted{s.dir.Taken(), "stop that engine first, or name another directory with --data"}
	}
	if endpoint != nil {
		return s.join(ctx, *endpoint, logger)
	}
	s.closers = append(s.closers, release)
	if err := s.openLog(ctx, want, logger); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// openExisting is open for commands that only make sense on a directory that is
// there, or that an engine elsewhere may be asked: of that the session has nothing else.
func (a *app) openExisting(ctx context.Context, want opening, logger *slog.Logger) (*session, error) {
	if a.remote != nil {
		return &session{control: a.remote}, nil
	}
	if err := datadir.At(a.data).Check(); err != nil {
		return nil, err
	}
	return a.open(ctx, want, logger)
}

// patience is how long a command waits for another one to be done, or for an
// engine that starts to say how it can be reached; retryEvery is how often it
// looks.
const (
	patience   = 5 * time.Second
	retryEvery = 50 * time.Millisecond
)

// take acquires the data directory, or tells how to reach the engine that has
// it. So commands of a script, and an engine that starts, do not fail for
// meeting each other.
func take(ctx context.Context, dir datadir.Dir) (release func() error, e *datadir.Endpoint, err error) {
	for end := time.Now().Add(patience); ; {
		release, err := dir.Acquire()
		var inUse *datadir.InUseError
		if !errors.As(err, &inUse) {
			return release, nil, err
		}
		if e, err := dir.Endpoint(); err == nil {
			return nil, &e, nil
		}
		if ctx.Err() != nil || time.Now().After(end) {
			return nil, nil, &hinted{inUse, hintInUse}
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryEvery):
		}
	}
}

// join uses the log of the engine that has the directory.
func (s *session) join(ctx context.Context, endpoint datadir.Endpoint, logger *slog.Logger) (*session, error) {
	kept, err := s.dir.Store()
	if err != nil {
		return nil, err
	}
	s.control = control.NewClient(endpoint.ControlURL, endpoint.ControlToken)
	s.logURL, s.token = endpoint.LogURL, endpoint.LogToken
	if err := s.connect(ctx, kept, opening{}, logger); err != nil {
		return nil, err
	}
	return s, nil
}

// reach connects to a log elsewhere before a data directory is made for it: a
// wrong URL leaves nothing behind.
func reach(ctx context.Context, store config.Store, logger *slog.Logger) error {
	cfg, err := logConfig(store, logger)
	if err != nil {
		return err
	}
	log, err := jetstream.Open(ctx, cfg)
	if err != nil {
		e := placed(err, store.Where("url"))
		e.Hint = unreachedHint(err)
		return e
	}
	return log.Close()
}

// unreachedHint says what to do about a log that could not be opened.
func unreachedHint(err error) string {
	var refused *jetstream.RefusedError
	var untrusted *jetstream.UntrustedError
	var other *jetstream.StreamConfigError
	switch {
	case errors.As(err, &refused):
		return "name what the server asks for with credentials, token_file, user and password_file, or cert and key"
	case errors.As(err, &untrusted):
		return "name with ca who signs the server's certificate"
	case errors.As(err, &other):
		return "`refold doctor -c FILE` looks at all of it"
	}
	return "start that server, or mend the url"
}

// logConfig says how a log is reached; without a URL all that matters of an
// embedded one.
func logConfig(store config.Store, logger *slog.Logger) (jetstream.Config, error) {
	cfg := jetstream.Config{
		URL: store.URL, CredentialsFile: store.Credentials, CAFile: store.CA, CertFile: store.Cert, KeyFile: store.Key,
		Prefix: store.Prefix, Stream: store.Stream, Replicas: store.Replicas, Logger: logger,
	}
	var err error
	if cfg.Token, err = loginSecret(store.TokenFile, "token", store.Where("token_file")); err != nil {
		return cfg, err
	}
	cfg.User = store.User
	cfg.Password, err = loginSecret(store.PasswordFile, "password", store.Where("password_file"))
	return cfg, err
}

// loginSecret reads what a log's server asks for; nothing where no file is named.
func loginSecret(file, what string, at config.Pos) (string, error) {
	if file == "" {
		return "", nil
	}
	return keptText("", file, "the log's "+what, at)
}

func (s *session) openLog(ctx context.Context, want opening, logger *slog.Logger) error {
	store, err := s.whichStore(want.config)
	if err != nil {
		return err
	}
	if err := s.dir.CheckStore(store); err != nil {
		return err
	}
	s.logURL = store.URL
	if store.URL == "" {
		server, err := embedded.Start(embedded.Options{Dir: s.dir.LogPath(), Sync: embedded.Sync(store.Sync), Logger: logger})
		if err != nil {
			return err
		}
		s.closers = append(s.closers, server.Close)
		s.logURL, s.token, s.streams = server.URL(), server.Token(), server.StreamsDir()
	}
	if err := s.connect(ctx, store, want, logger); err != nil {
		return err
	}
	if want.config != nil {
		if err := s.dir.SetCatalog(want.config.Catalog); err != nil {
			return err
		}
	}
	return s.dir.SetStore(store)
}

// connect opens the log, with the catalog and, if it is wanted, the archive in
// front of it.
func (s *session) connect(ctx context.Context, store config.Store, want opening, logger *slog.Logger) error {
	types, err := s.catalog(want.config)
	if err != nil {
		return err
	}
	s.kept = store
	cfg, err := s.logConfig(store, logger)
	if err != nil {
		return err
	}
	s.server, s.types = cfg, types
	cfg.Known = s.known
	log, err := jetstream.Open(ctx, cfg)
	if err != nil && store.URL != "" {
		return &hinted{err, unreachedHint(err)}
	}
	if err != nil && s.control != nil {
		return &hinted{err, "the engine that has the data directory has that log: if it runs in a container, ask it there, as with docker exec"}
	}
	if err != nil {
		return err
	}
	s.closers = append(s.closers, log.Close)
	s.log, s.store, s.digest = log, upcast.Wrap(log, types), types.Digest()
	if !want.archived {
		return s.hearWitness(ctx, want)
	}
	if s.archive, err = openArchive(ctx, s, types, logger); err != nil {
		return err
	}
	s.archived = archive.NewStore(s.log, s.archive)
	s.store = s.archived
	s.closers = append(s.closers, s.archived.Close)
	return nil
}

// logConfig says how a log of the session is reached.
func (s *session) logConfig(store config.Store, logger *slog.Logger) (jetstream.Config, error) {
	cfg, err := logConfig(store, logger)
	if err == nil && cfg.URL == "" { // of the embedded server
		cfg.URL, cfg.Token, cfg.StreamsDir = s.logURL, s.token, s.streams
	}
	return cfg, err
}

// hearWitness makes sure that nothing is written to a log that has lost what
// the archive holds, where the archive is not opened otherwise.
func (s *session) hearWitness(ctx context.Context, want opening) error {
	if _, err := os.Stat(s.dir.ArchivePath()); errors.Is(err, fs.ErrNotExist) || s.control != nil || want.unheard {
		return nil
	}
	return hearWitness(ctx, s.dir.ArchivePath(), s.log)
}

// hearWitness holds a log against its archive, which is not changed. Of an
// archive that is damaged, what is before the damage is heard.
func hearWitness(ctx context.Context, path string, log archive.Log) error {
	kept, err := archive.Open(path, archive.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	return divergence(errors.Join(kept.Compare(ctx, log), kept.Close()))
}

// known finds an event by its id in the archive, which remembers ids for longer
// than the server does.
func (s *session) known(_ context.Context, id uuid.UUID) (event.Position, bool, error) {
	if s.archive == nil {
		return 0, false, nil
	}
	return s.archive.Find(id)
}

// openArchive opens the archive of a session's log and holds it against the log.
func openArchive(ctx context.Context, s *session, types *catalog.Catalog, logger *slog.Logger) (*archive.Archive, error) {
	path, log := s.dir.ArchivePath(), s.log
	options := archive.Options{Catalog: types, Strict: true, Compress: s.kept.Archive == config.ArchiveZstd, Logger: logger}
	a, err := archive.Open(path, options)
	var other *archive.DigestError
	if errors.As(err, &other) {
		logger.Info("the catalog has changed: the archive is rebuilt")
		if err := archive.Rebuild(ctx, path, options); err != nil {
			return nil, err
		}
		a, err = archive.Open(path, options)
	}
	var damage *archive.DamageError
	if errors.As(err, &damage) {
		// What follows the damage is dropped only if the log has it.
		if err := hearWitness(ctx, path, log); err != nil {
			return nil, err
		}
		options.Strict, options.Heal = false, true
		a, err = archive.Open(path, options)
	}
	if err != nil {
		return nil, err
	}
	if err := a.Compare(ctx, log); err != nil {
		return nil, errors.Join(divergence(err), a.Close())
	}
	return a, nil
}

// divergence adds to a log that is not what the archive has seen what can be
// done about it.
func divergence(err error) error {
	var diverged *archive.DivergedError
	if !errors.As(err, &diverged) {
		return err
	}
	return &hinted{err, "`refold archive restore` puts lost events back, with --anew where files of the log are damaged; only if the log is the right one, delete the archive's folder in the data directory"}
}

// digestText is the catalog's digest in hexadecimal; empty for no catalog.
func (s *session) digestText() string {
	if s.digest == [32]byte{} {
		return ""
	}
	return hex.EncodeToString(s.digest[:])
}

func (s *session) catalog(c *config.Config) (*catalog.Catalog, error) {
	if c == nil {
		kept, err := s.dir.Catalog()
		if err != nil {
			return nil, err
		}
		c = &config.Config{Catalog: kept}
	}
	return c.EventCatalog()
}

func (s *session) whichStore(c *config.Config) (config.Store, error) {
	var store config.Store
	if c == nil {
		kept, err := s.dir.Store()
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return kept, err
		}
	} else {
		store = c.Store
	}
	store.Prefix = store.SubjectPrefix()
	return store, nil
}

// close gives everything back, in reverse order. Closing twice is fine.
func (s *session) close() error {
	var errs []error
	for len(s.closers) > 0 {
		last := len(s.closers) - 1
		errs = append(errs, s.closers[last]())
		s.closers = s.closers[:last]
	}
	return errors.Join(errs...)
}
