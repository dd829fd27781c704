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

// Server flushes the streams of one NATS server.
type Server struct {
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
// in streams, a folder below root. It takes over the connection.
func Serve(nc *nats.Conn, root, streams string, flush blockfiles.Flush) (*Server, error) {
	s := &Server{nc: nc, root: root, streams: streams, flush: flush, folders: make(map[string]*folder)}
	if _, err := nc.Subscribe(subject("*"), s.receive); err != nil {
		return nil, fmt.Errorf("listening for flush requests: %w", err)
	}
	return s, nc.Flush()
}

// receive answers one request in its own goroutine: many share a flush.
func (s *Server) receive(m *nats.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.asked.Go(func() {
		var answer []byte
		if err := s.sync(strings.TrimPrefix(m.Subject, subject(""))); err != nil {
			answer = []byte(err.Error())
		}
		_ = m.Respond(answer) // without an answer the asker does not take it for done
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
