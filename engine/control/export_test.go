package control

import (
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Handler is what answers the server's requests.
func (s *Server) Handler() http.Handler { return s.http.Handler }

// Handler is what answers a scrape.
func (m *Metrics) Handler() http.Handler { return m.handler() }

// BeatEvery has those who watch from now on told sooner that the server is there.
func (s *Server) BeatEvery(d time.Duration) { s.heartbeat = d }

// The bounds of what a client may keep a server waiting.
const (
	HeaderTimeout = headerTimeout
	BodyTimeout   = bodyTimeout
	WriteTimeout  = writeTimeout
	IdleTimeout   = idleTimeout
)

// ServeOn starts a server that takes its connections from a listener.
func ServeOn(l net.Listener, o Options) (*Server, error) {
	s, err := newServer(&o)
	if err != nil {
		return nil, err
	}
	s.listen = l
	s.serve(s.guarded(s.routes(o.Metrics, o.Pprof)))
	return s, nil
}

// MonitorOn starts a monitor that takes its connections from a listener.
func MonitorOn(l net.Listener, h http.Handler, logger *slog.Logger) *Monitor {
	m := &Monitor{listen: l}
	m.serve(h, logger)
	return m
}

// ConnectWithin bounds how long a client waits for a server to encrypt.
func (c *Client) ConnectWithin(d time.Duration) {
	c.http.Transport.(*http.Transport).TLSHandshakeTimeout = d
}
