package control

import (
	"net/http"
	"time"
)

// Handler is what answers the server's requests.
func (s *Server) Handler() http.Handler { return s.http.Handler }

// BeatEvery has those who watch from now on told sooner that the server is there.
func (s *Server) BeatEvery(d time.Duration) { s.heartbeat = d }
