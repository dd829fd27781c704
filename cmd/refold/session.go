package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

// defaultPrefix is the first token of subjects where no YAML says another.
const defaultPrefix = "infrastructure"

const hintInUse = "wait for it to end, or name another directory with --data"

// session is a command's hold on a data directory and its log: as the only
// process, or beside the engine that has the directory.
type session struct {
	dir     datadir.Dir
	store   *jetstream.Store
	control *control.Client // of the engine that has the directory; or nil
	logURL  string
	token   string
	closers []func() error
}

// open takes the data directory, which is made if it is not there, and opens
// its log. Without a declared store it is the one the directory began with.
func (a *app) open(ctx context.Context, declared *config.Store, logger *slog.Logger) (*session, error) {
	s := &session{dir: datadir.At(a.data)}
	if declared != nil && declared.URL != "" && !s.dir.Exists() {
		if err := reach(ctx, *declared, logger); err != nil {
			return nil, err
		}
	}
	release, endpoint, err := take(ctx, s.dir)
	if err != nil {
		return nil, err
	}
	if endpoint != nil {
		return s.join(ctx, *endpoint, logger)
	}
	s.closers = append(s.closers, release)
	if err := s.openLog(ctx, declared, logger); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// openExisting is open for commands that only make sense on a directory that is
// there.
func (a *app) openExisting(ctx context.Context, logger *slog.Logger) (*session, error) {
	if !datadir.At(a.data).Exists() {
		return nil, &hinted{fmt.Errorf("%s: %w", a.data, datadir.ErrNone), "name it with --data; `refold run` and `refold event import` make one"}
	}
	return a.open(ctx, nil, logger)
}

// patience is how long a command waits for another one to be done, or for an
// engine that starts to say how it can be reached; retryEvery is how often it
// looks.
const (
	patience   = 3 * time.Second
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
	s.store, err = jetstream.Open(ctx, jetstream.Config{URL: endpoint.LogURL, Token: endpoint.LogToken, CredentialsFile: kept.Credentials, Prefix: kept.Prefix, Logger: logger})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.store.Close)
	return s, nil
}

// reach connects to a log elsewhere before a data directory is made for it: a
// wrong URL leaves nothing behind.
func reach(ctx context.Context, store config.Store, logger *slog.Logger) error {
	log, err := jetstream.Open(ctx, jetstream.Config{URL: store.URL, CredentialsFile: store.Credentials, Prefix: store.Prefix, Logger: logger})
	if err != nil {
		e := placed(err, store.Where("url"))
		e.Hint = "start that server, or mend the url"
		return e
	}
	return log.Close()
}

func (s *session) openLog(ctx context.Context, declared *config.Store, logger *slog.Logger) error {
	store, err := s.whichStore(declared)
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
		s.logURL, s.token = server.URL(), server.Token()
	}
	s.store, err = jetstream.Open(ctx, jetstream.Config{URL: s.logURL, Token: s.token, CredentialsFile: store.Credentials, Prefix: store.Prefix, Logger: logger})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.store.Close)
	return s.dir.SetStore(store)
}

func (s *session) whichStore(declared *config.Store) (config.Store, error) {
	if declared == nil {
		kept, err := s.dir.Store()
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return kept, err
		}
		declared = &config.Store{}
	}
	store := *declared
	if store.Prefix == "" {
		store.Prefix = defaultPrefix
	}
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
