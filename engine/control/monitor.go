package control

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Monitor answers who watches an engine: health and metrics, which need no token and
// change nothing.
type Monitor struct {
	http   http.Server
	listen net.Listener
}

// NotLoopbackError is an address that other machines could reach.
type NotLoopbackError struct{ Address string }

func (e *NotLoopbackError) Error() string {
	return fmt.Sprintf("%q is no address of this machine alone: name 127.0.0.1:PORT, and a proxy for those who watch from elsewhere", e.Address)
}

// ListenMonitor starts a monitor at a loopback address, such as 127.0.0.1:9464. The
// error may be a *NotLoopbackError.
func ListenMonitor(address string, e statuser, logger *slog.Logger) (*Monitor, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, &NotLoopbackError{address}
	}
	listen, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	watch(mux, e)
	m := &Monitor{listen: listen, http: http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}}
	go func() {
		if err := m.http.Serve(listen); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("the monitor has stopped", "error", err)
		}
	}()
	return m, nil
}

// watch serves what a monitor serves.
func watch(mux *http.ServeMux, e statuser) {
	mux.Handle("GET /healthz", health(e))
	mux.Handle("GET /metrics", metrics(e))
}

// URL is where the monitor listens.
func (m *Monitor) URL() string { return "http://" + m.listen.Addr().String() }

// Close stops the monitor.
func (m *Monitor) Close() error { return m.http.Close() }
