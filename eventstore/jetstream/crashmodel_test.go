package jetstream_test

import (
	"context"
	"errors"
	"testing"

	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/eventstore/storetest"
	"github.com/refold-dev/refold/eventstore/storetest/process"
)

// withServer is a store that closes its server.
type withServer struct {
	*jetstream.Store
	server *embedded.Server
}

func (s *withServer) Close() error { return errors.Join(s.Store.Close(), s.server.Close()) }

// openEngine opens a store with a server in the same process, as the engine
// does.
func openEngine(dir string) (eventstore.Log, error) {
	server, err := embedded.Start(embedded.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	s, err := jetstream.Open(context.Background(), jetstream.Config{URL: server.URL(), Token: server.Token(), StreamsDir: server.StreamsDir()})
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	s.ReadFiles()
	return &withServer{s, server}, nil
}

// TestCrash kills the process that has the server and the store.
func TestCrash(t *testing.T) {
	storetest.RunCrash(t, func(_ *testing.T, dir string) storetest.Rig {
		return &process.Rig{Store: "engine", Dir: dir}
	})
}

// natsRig is a server in its own process, and a store in this one.
type natsRig struct {
	*natsProcess
	store *jetstream.Store
}

func (r *natsRig) Start() (eventstore.Log, error) {
	r.start()
	var err error
	r.store, err = jetstream.Open(context.Background(), jetstream.Config{URL: r.url})
	return r.store, err
}

func (r *natsRig) Stop() error { return errors.Join(r.store.Close(), r.interrupt()) }

func (r *natsRig) Kill() error {
	r.kill()
	return r.store.Close()
}

// TestExternalServerCrash kills a server elsewhere.
func TestExternalServerCrash(t *testing.T) {
	program := buildNATS(t)
	storetest.RunCrash(t, func(t *testing.T, dir string) storetest.Rig {
		return &natsRig{natsProcess: prepareNATS(t, program, dir, "")}
	})
}
