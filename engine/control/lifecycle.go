package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/refold-dev/refold/engine"
)

// progressEvery is how often a rebuild's progress is reported.
const progressEvery = 200 * time.Millisecond

// maxReason bounds the body of a request, in bytes.
const maxReason = 64 << 10

// pauseBody is what may be said about a pause.
type pauseBody struct {
	Reason string `json:"reason"`
}

func (s *Server) pause(w http.ResponseWriter, r *http.Request) {
	var body pauseBody
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxReason)).Decode(&body); err != nil && !errors.Is(err, io.EOF) {
		s.fail(w, http.StatusBadRequest, fmt.Errorf("the request's body: %w", err))
		return
	}
	name := r.PathValue("name")
	s.answerStatus(w, r, name, s.engine.Pause(r.Context(), name, body.Reason))
}

func (s *Server) resume(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	s.answerStatus(w, r, name, s.engine.Resume(r.Context(), name))
}

// answerStatus answers with an error or with what has become of a pipeline.
func (s *Server) answerStatus(w http.ResponseWriter, r *http.Request, name string, err error) {
	status, statusErr := s.statusOf(r.Context(), name)
	if err = errors.Join(err, statusErr); err != nil {
		s.fail(w, codeOf(err), err)
		return
	}
	s.answer(w, status)
}

func (s *Server) statusOf(ctx context.Context, name string) (engine.Status, error) {
	list, err := s.engine.Status(ctx)
	if err != nil {
		return engine.Status{}, err
	}
	i := slices.IndexFunc(list, func(s engine.Status) bool { return s.Pipeline == name })
	if i < 0 {
		return engine.Status{}, nil // its request has been refused
	}
	return list[i], nil
}

// progressLine is one line of a rebuild's answer.
type progressLine struct {
	*engine.Replay
	Done bool `json:"done"`
	errorBody
}

// rebuild answers with the progress of a replay or of a reset.
func (s *Server) rebuild(begin func(ctx context.Context, pipeline string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		done := make(chan error, 1)
		go func() { done <- begin(r.Context(), name) }()
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		enc, begun := json.NewEncoder(w), false
		for {
			select {
			case <-tick.C:
				if p, err := s.statusOf(r.Context(), name); err == nil && p.Replay != nil && !p.Replay.Done {
					begun = true
					s.line(enc, w, progressLine{Replay: p.Replay})
				}
			case err := <-done:
				if err != nil && !begun {
					s.fail(w, codeOf(err), err)
					return
				}
				s.line(enc, w, s.lastLine(r.Context(), name, err))
				return
			}
		}
	}
}

func (s *Server) lastLine(ctx context.Context, name string, err error) progressLine {
	status, statusErr := s.statusOf(ctx, name)
	if err = errors.Join(err, statusErr); err != nil {
		return progressLine{errorBody: bodyOf(err)}
	}
	return progressLine{Replay: status.Replay, Done: true}
}

func (s *Server) line(enc *json.Encoder, w http.ResponseWriter, v any) {
	if err := errors.Join(enc.Encode(v), http.NewResponseController(w).Flush()); err != nil {
		s.logger.Debug("a client of the control API has gone", "error", err)
	}
}

// Pause holds a pipeline until a Resume, and returns its status.
func (c *Client) Pause(ctx context.Context, pipeline, reason string) (engine.Status, error) {
	text, err := json.Marshal(pauseBody{reason})
	if err != nil {
		return engine.Status{}, err
	}
	return c.order(ctx, pipeline, "pause", bytes.NewReader(text))
}

// Resume has a paused or faulted pipeline go on, and returns its status.
func (c *Client) Resume(ctx context.Context, pipeline string) (engine.Status, error) {
	return c.order(ctx, pipeline, "resume", nil)
}

func (c *Client) order(ctx context.Context, pipeline, what string, content io.Reader) (status engine.Status, err error) {
	answer, err := c.post(ctx, pipeline, what, content)
	if err != nil {
		return status, err
	}
	return status, errors.Join(json.NewDecoder(answer).Decode(&status), answer.Close())
}

// Replay rebuilds a pipeline's read model and reports its progress. It returns
// the last report.
func (c *Client) Replay(ctx context.Context, pipeline string, progress func(engine.Replay)) (engine.Replay, error) {
	return c.rebuild(ctx, pipeline, "replay", progress)
}

// Reset throws a pipeline's read model away, and is otherwise as Replay.
func (c *Client) Reset(ctx context.Context, pipeline string, progress func(engine.Replay)) (engine.Replay, error) {
	return c.rebuild(ctx, pipeline, "reset", progress)
}

func (c *Client) rebuild(ctx context.Context, pipeline, what string, progress func(engine.Replay)) (engine.Replay, error) {
	body, err := c.post(ctx, pipeline, what, nil)
	if err != nil {
		return engine.Replay{}, err
	}
	defer body.Close()
	for dec := json.NewDecoder(body); ; {
		line := progressLine{Replay: &engine.Replay{}}
		if err := dec.Decode(&line); err != nil {
			return engine.Replay{}, fmt.Errorf("reading the %s's progress: %w", what, err)
		}
		if line.Error != "" {
			return engine.Replay{}, line.err()
		}
		if line.Done {
			line.Replay.Done = true
			return *line.Replay, nil
		}
		progress(*line.Replay)
	}
}

func (c *Client) post(ctx context.Context, pipeline, what string, content io.Reader) (io.ReadCloser, error) {
	return c.do(ctx, http.MethodPost, "/v1/pipelines/"+url.PathEscape(pipeline)+"/"+what, content)
}
