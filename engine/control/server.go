package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/refold-dev/refold/engine"
)

// Options say where a Server listens, what it answers for, and whom.
type Options struct {
	Engine *engine.Engine
	// Events are those that the engine is fed.
	Events EventReader
	// Metrics are what the engine is observed by; nil are some that tell its status alone.
	Metrics *Metrics
	// Configured brings the engine its configuration anew; nil for nobody.
	Configured Configured
	// Journal has what has become of the pipelines; nil for nobody.
	Journal Journal
	// Version is the engine's, which answers tell those who may ask; it may be empty.
	Version string
	// Address is HOST:PORT; empty means a free port of 127.0.0.1.
	Address string
	// Tokens are what requests carry, one of them each. Without any, a client's certificate
	// is enough. Server.Admit replaces them.
	Tokens []Token
	// TLS is needed where other machines reach the address.
	TLS *TLS
	// Pprof has profiles served.
	Pprof  bool
	Logger *slog.Logger
}

// OpenError is an address that is not listened at, because others could ask, or listen in.
type OpenError struct{ Address, Reason string }

func (e *OpenError) Error() string {
	return fmt.Sprintf("not listening at %s: %s", e.Address, e.Reason)
}

// check reports what lets others in. The error is an *OpenError.
func (o *Options) check() error {
	host, _, err := net.SplitHostPort(o.Address)
	certified := o.TLS != nil && o.TLS.ClientCA != "" && len(o.TLS.ClientMay) > 0
	switch {
	case err != nil:
		return err
	case len(o.Tokens) == 0 && !certified:
		return &OpenError{o.Address, "nothing says who may ask"}
	case o.TLS == nil && !isLoopback(host):
		return &OpenError{o.Address, "other machines reach it, and it would not be encrypted"}
	}
	return nil
}

// Server answers requests about an engine by HTTP.
type Server struct {
	asked
	version  string
	access   *access
	loopback bool // no other machine reaches it
	scheme   string
	logger   *slog.Logger
	http     http.Server
	listen   net.Listener
	stop     context.CancelFunc // ends the requests
	watchers chan struct{}      // one token for each request that watches

	heartbeat time.Duration // see heartbeatEvery
}

const (
	// headerTimeout bounds the wait for a request's head, bodyTimeout for its body,
	// writeTimeout for a client to take a part of the answer, idleTimeout for its next
	// request, and closeTimeout for answers to leave.
	headerTimeout = 5 * time.Second
	bodyTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	closeTimeout  = 2 * time.Second
	// maxWatchers bounds the requests that watch, of one server.
	maxWatchers = 256
	// maxHeader bounds the head, in bytes.
	maxHeader = 16 << 10
)

// Listen starts a server. The error may be an *OpenError.
func Listen(o Options) (*Server, error) {
	s, err := newServer(&o)
	if err != nil {
		return nil, err
	}
	if s.listen, err = net.Listen("tcp", o.Address); err != nil {
		return nil, err
	}
	s.serve(s.guarded(s.routes(o.Metrics, o.Pprof)))
	return s, nil
}

// newServer completes the options, and makes a server that does not listen yet.
func newServer(o *Options) (*Server, error) {
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(o.Address)
	s := &Server{asked: asked{o.Engine, o.Events, o.Configured, o.Journal}, version: o.Version, logger: o.Logger, loopback: isLoopback(host), scheme: "http", watchers: make(chan struct{}, maxWatchers), heartbeat: heartbeatEvery}
	var certified []Right
	if o.TLS != nil {
		config, err := o.TLS.serverConfig(o.Logger)
		if err != nil {
			return nil, err
		}
		s.http.TLSConfig, s.scheme = config, "https"
		certified = o.TLS.ClientMay
	}
	s.access = newAccess(o.Tokens, certified)
	if o.Metrics == nil {
		o.Metrics = NewMetrics(MetricsOptions{})
		o.Metrics.Watch(o.Engine)
	}
	return s, nil
}

func (s *Server) serve(h http.Handler) {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.http.Handler = h
	s.http.BaseContext = func(net.Listener) context.Context { return ctx }
	s.http.ReadHeaderTimeout, s.http.IdleTimeout, s.http.MaxHeaderBytes = headerTimeout, idleTimeout, maxHeader
	s.http.ErrorLog = slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug) // what strangers make of TLS
	go func() {
		var err error
		if s.scheme == "https" {
			err = s.http.ServeTLS(s.listen, "", "")
		} else {
			err = s.http.Serve(s.listen)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			s.logger.Error("the control API has stopped", "error", err)
		}
	}()
}

// URL is where the server listens.
func (s *Server) URL() string { return s.scheme + "://" + s.listen.Addr().String() }

// Close stops the server and ends the requests that are under way. Closing twice is fine.
func (s *Server) Close() error {
	s.stop()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if s.http.Shutdown(ctx) == nil {
		return nil
	}
	return s.http.Close()
}

// guarded lets those in who may ask, and bounds what they can do to the server.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody) // closes what is too large, and so has to have w as it is
		c := http.NewResponseController(w)
		w = &patient{ResponseWriter: w, of: c}
		_ = c.SetReadDeadline(time.Now().Add(bodyTimeout)) // also for the body of what is refused, which is read to its end
		defer s.rescue(w, r)
		if err := strange(r, s.loopback); err != nil {
			s.fail(w, http.StatusForbidden, err)
			return
		}
		by := s.access.who(r)
		if by == nil {
			s.access.refusals.Do(func() {
				s.logger.Warn("somebody asks who may not", "from", r.RemoteAddr, "path", r.URL.Path)
			})
			w.Header().Set("WWW-Authenticate", "Bearer")
			s.fail(w, http.StatusUnauthorized, errors.New("the request has no valid token"))
			return
		}
		if s.version != "" {
			w.Header().Set(versionHeader, s.version)
		}
		if !isClean(r.URL.EscapedPath()) {
			s.unknown(w, r, "")
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, by)))
	})
}

// rescue answers for a handler that has panicked, as far as that has not.
func (s *Server) rescue(w http.ResponseWriter, r *http.Request) {
	if p := recover(); p != nil {
		s.logger.Error("answering a request has failed", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
		s.fail(w, http.StatusInternalServerError, errFailed)
	}
}

// versionHeader has the engine's version, in answers to those who may ask.
const versionHeader = "Refold-Version"

// callerKey is what a request's context has its *caller under.
type callerKey struct{}

// permitted reports whether a request's caller has a right, or answers that it has not.
func (s *Server) permitted(w http.ResponseWriter, r *http.Request, right Right, what string) bool {
	by := r.Context().Value(callerKey{}).(*caller)
	if !by.mayDo(right) {
		s.fail(w, http.StatusForbidden, fmt.Errorf("%s may not %s", by.name, right))
		return false
	}
	if right == Operate {
		s.logger.Info("the control API is asked to do something", "by", by.name, "what", what)
	}
	return true
}

// allowed is a handler for those who have a right.
func (s *Server) allowed(right Right, what string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.permitted(w, r, right, what) {
			h(w, r)
		}
	}
}

// patient gives a client some time for each part of an answer, and no more.
type patient struct {
	http.ResponseWriter
	of *http.ResponseController
}

func (p *patient) Write(b []byte) (int, error) {
	p.extend()
	return p.ResponseWriter.Write(b)
}

// FlushError is what http.ResponseController asks for.
func (p *patient) FlushError() error {
	p.extend()
	return p.of.Flush()
}

func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *patient) extend() { _ = p.of.SetWriteDeadline(time.Now().Add(writeTimeout)) } // a recorder has none

// routes are those of the table, and what a monitor serves.
func (s *Server) routes(m *Metrics, profiles bool) http.HandlerFunc {
	mux := http.NewServeMux()
	for i := range verbs {
		v := &verbs[i]
		mux.HandleFunc(v.method+" "+v.path, s.allowed(v.right, v.name, s.route(v)))
	}
	watched := http.NewServeMux()
	watch(watched, s.engine, m)
	for _, w := range watches {
		mux.HandleFunc("GET "+w.path, s.allowed(Read, w.path, s.bodiless(watched.ServeHTTP)))
	}
	if profiles {
		s.profiles(mux)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		refusal := unsent{}
		h.ServeHTTP(refusal, r)
		s.unknown(w, r, refusal.Header().Get("Allow"))
	}
}

// unknown answers to what no verb is for. allow are the methods that the path takes, if it
// is that of one.
func (s *Server) unknown(w http.ResponseWriter, r *http.Request, allow string) {
	err := fmt.Errorf("there is no %s %s", r.Method, r.URL.Path)
	if allow == "" {
		s.fail(w, http.StatusNotFound, err)
		return
	}
	w.Header().Set("Allow", allow)
	s.fail(w, http.StatusMethodNotAllowed, fmt.Errorf("%w: it takes %s", err, allow))
}

// unsent is an answer of which only the head is wanted: a http.ServeMux says in that which
// methods a path takes, and in no other way.
type unsent http.Header

func (u unsent) Header() http.Header         { return http.Header(u) }
func (u unsent) Write(b []byte) (int, error) { return len(b), nil }
func (u unsent) WriteHeader(int)             {}

// isClean reports whether a path is as a client of this API writes it: others a
// http.ServeMux sends elsewhere, with an answer that is none of this API's.
func isClean(escaped string) bool {
	return strings.HasPrefix(escaped, "/") && path.Clean(escaped) == escaped || strings.HasPrefix(escaped, "/debug/pprof/")
}

// route answers what a verb is asked by HTTP.
func (s *Server) route(v *verb) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := readBody(w, r)
		if err != nil {
			s.failBody(w, err)
			return
		}
		ask, err := v.readHTTP(r, body)
		if err != nil {
			s.fail(w, codeOf(err), err)
			return
		}
		if v.serve != nil {
			v.serve(s, w, r, ask)
			return
		}
		to := &written{w: w, enc: json.NewEncoder(w), media: v.media}
		err = v.do(r.Context(), &s.asked, ask, to)
		switch {
		case to.gone != nil:
			s.logger.Debug("a client of the control API has gone", "error", to.gone)
		case err != nil && !to.begun:
			s.fail(w, codeOf(err), err)
		case err != nil:
			_ = to.line(bodyOf(err))
		case !to.begun: // no lines at all
			w.Header().Set("Content-Type", v.media)
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
		}
	}
}

// readBody reads a request's body, which has to come in time. Of one that does not, the
// rest is not waited for when the request ends either.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a recorder has none
	}
	return body, err
}

// failBody answers to a body that is too long, or does not come.
func (s *Server) failBody(w http.ResponseWriter, err error) {
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		s.fail(w, http.StatusRequestEntityTooLarge, fmt.Errorf("the request's body has more than %d bytes", maxBody))
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.fail(w, http.StatusRequestTimeout, fmt.Errorf("the request's body has not come within %s", bodyTimeout))
	default:
		s.fail(w, http.StatusBadRequest, fmt.Errorf("the request's body: %w", err))
	}
}

// bodiless is a handler that is nothing to a request's body, which is waited for once.
func (s *Server) bodiless(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, err := readBody(w, r); err != nil {
			s.failBody(w, err)
			return
		}
		h(w, r)
	}
}

// profiles serves those of net/http/pprof to who may operate: they cost something.
func (s *Server) profiles(mux *http.ServeMux) {
	for path, h := range map[string]http.HandlerFunc{
		"": pprof.Index, "cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace,
	} {
		mux.HandleFunc("GET /debug/pprof/"+path, s.allowed(Operate, "/debug/pprof/"+path, s.bodiless(h)))
	}
}

// written is an answer by HTTP.
type written struct {
	w     http.ResponseWriter
	enc   *json.Encoder
	media string
	begun bool
	gone  error // set once nobody reads any more
}

func (a *written) one(v any) error {
	a.begin()
	return a.took(a.enc.Encode(v))
}

func (a *written) line(v any) error {
	a.begin()
	if own, ok := v.(interface{ appendJSON(b []byte) []byte }); ok {
		_, err := a.w.Write(append(own.appendJSON(nil), '\n'))
		return a.took(err)
	}
	return a.took(errors.Join(a.enc.Encode(v), http.NewResponseController(a.w).Flush()))
}

func (a *written) begin() {
	if !a.begun {
		a.begun = true
		a.w.Header().Set("Content-Type", a.media)
	}
}

func (a *written) took(err error) error {
	if a.gone == nil {
		a.gone = err
	}
	return err
}

func (s *Server) fail(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", mediaJSON)
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(bodyOf(err)); err != nil {
		s.logger.Debug("a client of the control API has gone", "error", err)
	}
}
