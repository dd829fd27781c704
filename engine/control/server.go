package control

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/job"
)

// Server answers requests about an engine.
type Server struct {
	engine *engine.Engine
	events EventReader
	token  string
	logger *slog.Logger
	http   http.Server
	listen net.Listener
}

// Listen starts a server on a free port of 127.0.0.1, which answers for an engine
// and for the events that it is fed. Requests must carry the token.
func Listen(e *engine.Engine, events EventReader, token string, logger *slog.Logger) (*Server, error) {
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{engine: e, events: events, token: token, logger: logger, listen: listen}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/pipelines", s.status)
	mux.HandleFunc("GET /v1/pipelines/{name}/state", s.state)
	mux.HandleFunc("POST /v1/pipelines/{name}/pause", s.pause)
	mux.HandleFunc("POST /v1/pipelines/{name}/resume", s.resume)
	mux.HandleFunc("POST /v1/pipelines/{name}/reset", s.reset)
	mux.HandleFunc("POST /v1/replays", s.submitReplay)
	mux.HandleFunc("GET /v1/replays", s.listReplays)
	mux.HandleFunc("GET /v1/replays/{id}", s.withReplay(func(_ context.Context, id uuid.UUID) (job.Job, error) { return e.Job(id) }))
	mux.HandleFunc("POST /v1/replays/{id}/pause", s.withReplay(e.PauseJob))
	mux.HandleFunc("POST /v1/replays/{id}/resume", s.withReplay(func(_ context.Context, id uuid.UUID) (job.Job, error) { return e.ResumeJob(id) }))
	mux.HandleFunc("POST /v1/replays/{id}/cancel", s.withReplay(e.CancelJob))
	mux.HandleFunc("POST /v1/pipelines/{name}/proof", s.prove)
	mux.HandleFunc("GET /v1/pipelines/{name}/history", s.history)
	mux.HandleFunc("GET /v1/pipelines/{name}/generations", s.generations)
	mux.HandleFunc("DELETE /v1/pipelines/{name}/generations/{generation}", s.dropGeneration)
	mux.HandleFunc("POST /v1/pipelines/{name}/rollback", s.rollback)
	mux.HandleFunc("GET /v1/pipelines/{name}/dead-letters", s.deadLetters)
	mux.HandleFunc("POST /v1/pipelines/{name}/dead-letters/retry", s.withDeadLetters(e.Retry))
	mux.HandleFunc("POST /v1/pipelines/{name}/dead-letters/drop", s.withDeadLetters(e.Drop))
	mux.HandleFunc("GET /v1/events", s.listEvents)
	mux.HandleFunc("GET /v1/comparison", s.compare)
	watch(mux, e)
	mux.HandleFunc("/", s.unknown)
	s.http = http.Server{Handler: s.authorized(mux), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := s.http.Serve(listen); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("the control API has stopped", "error", err)
		}
	}()
	return s, nil
}

// URL is where the server listens.
func (s *Server) URL() string { return "http://" + s.listen.Addr().String() }

// Close stops the server and ends the requests that are under way.
func (s *Server) Close() error { return s.http.Close() }

func (s *Server) authorized(next http.Handler) http.Handler {
	want := []byte("Bearer " + s.token)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1 {
			s.fail(w, http.StatusUnauthorized, errors.New("the request has no valid token"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) unknown(w http.ResponseWriter, r *http.Request) {
	s.fail(w, http.StatusNotFound, fmt.Errorf("there is no %s %s", r.Method, r.URL.Path))
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	list, err := s.engine.Status(r.Context())
	if err != nil {
		s.fail(w, http.StatusInternalServerError, err)
		return
	}
	s.answer(w, list)
}

func (s *Server) state(w http.ResponseWriter, r *http.Request) {
	var key *string
	if q := r.URL.Query(); q.Has("key") {
		text := q.Get("key")
		key = &text
	}
	m, err := momentOf(r.URL.Query())
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	var state json.RawMessage
	if m == nil {
		state, err = s.engine.State(r.Context(), r.PathValue("name"), key)
	} else {
		state, _, err = s.engine.StateAt(r.Context(), r.PathValue("name"), *m, key)
	}
	if err != nil {
		s.fail(w, codeOf(err), err)
		return
	}
	s.answer(w, state)
}

// codeOf is the status of the answer to a request about a pipeline.
func codeOf(err error) int {
	var absent *engine.NotAsideError
	var dropped *engine.NotKeptError
	if errors.Is(err, engine.ErrUnknownPipeline) || errors.Is(err, engine.ErrNoKey) || errors.Is(err, job.ErrUnknown) || errors.As(err, &absent) || errors.As(err, &dropped) {
		return http.StatusNotFound
	}
	return http.StatusConflict
}

func (s *Server) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.logger.Debug("a client of the control API has gone", "error", err)
	}
}

// errorBody is an error, with what a client can decide on.
type errorBody struct {
	Error   string               `json:"error,omitempty"`
	Refused *engine.RefusedError `json:"refused,omitempty"`
	// RefusedJob is what the state of a job does not allow.
	RefusedJob *job.RefusedError `json:"refused_job,omitempty"`
}

func bodyOf(err error) errorBody {
	b := errorBody{Error: err.Error()}
	_ = errors.As(err, &b.Refused) || errors.As(err, &b.RefusedJob)
	return b
}

// err is what bodyOf was given, as far as a client can decide on it.
func (b errorBody) err() error {
	if b.Refused != nil {
		return b.Refused
	}
	if b.RefusedJob != nil {
		return b.RefusedJob
	}
	return errors.New(b.Error)
}

func (s *Server) fail(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(bodyOf(err)); err != nil {
		s.logger.Debug("a client of the control API has gone", "error", err)
	}
}
