package barrier

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/refold-dev/refold/eventstore/jetstream/internal/blockfiles"
	"github.com/refold-dev/refold/eventstore/jetstream/internal/groupsync"
)

// Server flushes the streams of one NATS server, and tells of their health.
type Server struct {
	health  func(stream string) error
	nc      *nats.Conn
	root    string
	streams string
	flush   blockfiles.Flush
	asked   sync.WaitGroup

	mu      sync.Mutex
	folders map[string]*folder
	closed  bool
}

// folder is one stream's folder, and those that wait for it.
type folder struct {
	files *blockfiles.Folder
	group *groupsync.Group
}

// Serve answers on a connection to the server whose streams have their folders
// in streams, a folder below root. health says why that server can write to a stream
// no more. It takes over the connection.
func Serve(nc *nats.Conn, root, streams string, flush blockfiles.Flush, health func(stream string) error) (*Server, error) {
	s := &Server{nc: nc, health: health, root: root, streams: streams, flush: flush, folders: make(map[string]*folder)}
	for prefix, answer := range map[string]func(stream string) error{flushPrefix: s.sync, healthPrefix: s.health} {
		if _, err := nc.Subscribe(prefix+"*", func(m *nats.Msg) { s.receive(m, strings.TrimPrefix(m.Subject, prefix), answer) }); err != nil {
			return nil, fmt.Errorf("listening for flush requests: %w", err)
		}
	}
	return s, nc.Flush()
}

// receive answers one request in its own goroutine: many share a flush.
func (s *Server) receive(m *nats.Msg, stream string, answer func(stream string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.asked.Go(func() {
		var text []byte
		if err := answer(stream); err != nil {
			text = []byte(err.Error())
		}
		_ = m.Respond(text) // without an answer the asker does not take it for done
	})
}

func (s *Server) sync(stream string) error {
	f, err := s.folder(stream)
	if err != nil {
		return err
	}
	return f.group.Sync(context.Background())
}

func (s *Server) folder(stream string) (*folder, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.folders[stream]; f != nil {
		return f, nil
	}
	dir := filepath.Join(s.streams, stream)
	if filepath.Base(dir) != stream || !filepath.IsLocal(stream) {
		return nil, fmt.Errorf("there is no stream %q", stream)
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, err
	}
	files := blockfiles.NewFolder(s.root, dir, s.flush)
	f := &folder{files, groupsync.New(files.Sync)}
	s.folders[stream] = f
	return f, nil
}

// Close stops answering, and returns when no flush is under way.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.nc.Close()
	s.asked.Wait()
	var errs []error
	for _, f := range s.folders {
		errs = append(errs, f.files.Close())
	}
	return errors.Join(errs...)
}
