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
	"github.com/refold-dev/refold/engine/job"
)

// progressEvery is how often a rebuild's progress is reported.
const progressEvery = 200 * time.Millisecond

// maxBody bounds the body of a request, in bytes.
const maxBody = 64 << 10

// pauseBody is what may be said about a pause.
type pauseBody struct {
	Reason string `json:"reason"`
}

func (s *Server) pause(w http.ResponseWriter, r *http.Request) {
	var body pauseBody
	if !s.takeBody(w, r, &body) {
		return
	}
	name := r.PathValue("name")
	s.answerStatus(w, r, name, s.engine.Pause(r.Context(), name, body.Reason))
}

// takeBody reads what a request says, which may be nothing, or answers what is wrong
// with it.
func (s *Server) takeBody(w http.ResponseWriter, r *http.Request, body any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(body)
	if err == nil || errors.Is(err, io.EOF) {
		return true
	}
	s.fail(w, http.StatusBadRequest, fmt.Errorf("the request's body: %w", err))
	return false
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

// progressLine is one line of a reset's answer.
type progressLine struct {
	Job *job.Job `json:"job,omitempty"`
	errorBody
}

// reset answers with the progress of the job that builds the read model again.
func (s *Server) reset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	done := make(chan error, 1)
	go func() { done <- s.engine.Reset(r.Context(), name) }()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	enc, begun := json.NewEncoder(w), false
	for {
		select {
		case <-tick.C:
			if one := s.latest(name); one != nil && one.State == job.Running {
				begun = true
				s.line(enc, w, progressLine{Job: one})
			}
		case err := <-done:
			if err != nil && !begun {
				s.fail(w, codeOf(err), err)
				return
			}
			line := progressLine{Job: s.latest(name)}
			if err != nil {
				line = progressLine{errorBody: bodyOf(err)}
			}
			s.line(enc, w, line)
			return
		}
	}
}

// latest is the job of a pipeline that was submitted last; nil if there is none.
func (s *Server) latest(pipeline string) *job.Job {
	for _, one := range slices.Backward(s.engine.Jobs()) {
		if one.Pipeline == pipeline {
			return &one
		}
	}
	return nil
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

// Reset throws a pipeline's read model away, has it built again, and reports the
// progress of the job that does so. It returns that as it is done.
func (c *Client) Reset(ctx context.Context, pipeline string, progress func(job.Job)) (job.Job, error) {
	body, err := c.post(ctx, pipeline, "reset", nil)
	if err != nil {
		return job.Job{}, err
	}
	defer body.Close()
	for dec := json.NewDecoder(body); ; {
		var line progressLine
		if err := dec.Decode(&line); err != nil {
			return job.Job{}, fmt.Errorf("reading the reset's progress: %w", err)
		}
		switch {
		case line.Error != "" || line.Job == nil:
			return job.Job{}, line.err()
		case line.Job.State.Ended():
			return *line.Job, nil
		}
		progress(*line.Job)
	}
}

func (c *Client) post(ctx context.Context, pipeline, what string, content io.Reader) (io.ReadCloser, error) {
	return c.do(ctx, http.MethodPost, "/v1/pipelines/"+url.PathEscape(pipeline)+"/"+what, content)
}
