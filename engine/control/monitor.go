package control

import (
	"errors"
	"log/slog"
	"net"
	"net/http"

	"github.com/refold-dev/refold/engine/config"
)

// Monitor answers who watches an engine: health, readiness and metrics, which need no
// token and change nothing.
type Monitor struct {
	http   http.Server
	listen net.Listener
}

// ListenMonitor starts a monitor at a loopback address, such as 127.0.0.1:9464. The
// error may be a *config.NotLoopbackError.
func ListenMonitor(address string, e statuser, m *Metrics, logger *slog.Logger) (*Monitor, error) {
	if err := config.CheckLoopback(address); err != nil {
		return nil, err
	}
	listen, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	watch(mux, e, m)
	monitor := &Monitor{listen: listen}
	monitor.serve(domestic(mux), logger)
	return monitor, nil
}

func (m *Monitor) serve(h http.Handler, logger *slog.Logger) {
	m.http = http.Server{Handler: h, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader}
	go func() {
		if err := m.http.Serve(m.listen); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("the monitor has stopped", "error", err)
		}
	}()
}

// domestic refuses what a page in a browser may have sent, by a name that has been made to
// lead to this machine above all: problems quote errors, and those may quote events.
func domestic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := strange(r, true); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// watch serves what a monitor serves.
func watch(mux *http.ServeMux, e statuser, m *Metrics) {
	mux.Handle("GET /healthz", health(e))
	mux.Handle("GET /readyz", ready(e))
	mux.Handle("GET /metrics", m.handler())
}

// URL is where the monitor listens.
func (m *Monitor) URL() string { return "http://" + m.listen.Addr().String() }

// Close stops the monitor.
func (m *Monitor) Close() error { return m.http.Close() }
