package archive

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

// engine is a store with its archive and its server, all in one process.
type engine struct {
	*Store
	server *embedded.Server
}

func (e *engine) Close() error { return errors.Join(e.Store.Close(), e.server.Close()) }

// openEngine opens an engine with an archive of small segments.
func openEngine(dir string) (eventstore.Log, error) {
	server, err := embedded.Start(embedded.Options{Dir: filepath.Join(dir, "log")})
	if err != nil {
		return nil, err
	}
	log, err := jetstream.Open(context.Background(), jetstream.Config{URL: server.URL(), Token: server.Token()})
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	a, err := Open(filepath.Join(dir, "archive"), Options{SegmentBytes: 8 << 10, BlockEvents: 7, OpenSegments: 3})
	if err != nil {
		return nil, errors.Join(err, log.Close(), server.Close())
	}
	return &engine{NewStore(log, a), server}, nil
}
