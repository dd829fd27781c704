package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/engine/job"
)

// maxRequest bounds the body of a request for a replay, in bytes.
const maxRequest = 64 << 10

func (s *Server) submitReplay(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	var want job.Request
	if err == nil {
		want, err = job.ParseRequest(body)
	}
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	one, err := s.engine.Submit(r.Context(), want)
	s.answerJob(w, one, err)
}

func (s *Server) listReplays(w http.ResponseWriter, _ *http.Request) { s.answer(w, s.engine.Jobs()) }

// withReplay answers with the job that the path names, once something has been done
// about it.
func (s *Server) withReplay(do func(ctx context.Context, id uuid.UUID) (job.Job, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := job.ParseID(r.PathValue("id"))
		if err != nil {
			s.fail(w, http.StatusBadRequest, err)
			return
		}
		one, err := do(r.Context(), id)
		s.answerJob(w, one, err)
	}
}

func (s *Server) answerJob(w http.ResponseWriter, one job.Job, err error) {
	if err != nil {
		s.fail(w, codeOf(err), err)
		return
	}
	s.answer(w, one)
}

// Submit queues a replay.
func (c *Client) Submit(ctx context.Context, r job.Request) (one job.Job, err error) {
	text, err := json.Marshal(r)
	if err != nil {
		return one, err
	}
	return c.askJob(ctx, http.MethodPost, "", bytes.NewReader(text))
}

// Jobs returns the replay jobs, in the order of their submission.
func (c *Client) Jobs(ctx context.Context) (list []job.Job, err error) {
	body, err := c.do(ctx, http.MethodGet, "/v1/replays", nil)
	if err != nil {
		return nil, err
	}
	return list, errors.Join(json.NewDecoder(body).Decode(&list), body.Close())
}

// Job returns a replay job.
func (c *Client) Job(ctx context.Context, id uuid.UUID) (job.Job, error) {
	return c.askJob(ctx, http.MethodGet, "/"+id.String(), nil)
}

// PauseJob, ResumeJob and CancelJob do it, and return the job as it is then.
func (c *Client) PauseJob(ctx context.Context, id uuid.UUID) (job.Job, error) {
	return c.askJob(ctx, http.MethodPost, "/"+id.String()+"/pause", nil)
}

// ResumeJob is as PauseJob.
func (c *Client) ResumeJob(ctx context.Context, id uuid.UUID) (job.Job, error) {
	return c.askJob(ctx, http.MethodPost, "/"+id.String()+"/resume", nil)
}

// CancelJob is as PauseJob.
func (c *Client) CancelJob(ctx context.Context, id uuid.UUID) (job.Job, error) {
	return c.askJob(ctx, http.MethodPost, "/"+id.String()+"/cancel", nil)
}

func (c *Client) askJob(ctx context.Context, method, path string, content io.Reader) (one job.Job, err error) {
	body, err := c.do(ctx, method, "/v1/replays"+path, content)
	if err != nil {
		return one, err
	}
	return one, errors.Join(json.NewDecoder(body).Decode(&one), body.Close())
}

// Watch reports a job's progress until it has ended or is paused, and returns it as
// it is then.
func (c *Client) Watch(ctx context.Context, id uuid.UUID, progress func(job.Job)) (job.Job, error) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		one, err := c.Job(ctx, id)
		if err != nil || one.State.Ended() || one.State == job.Paused {
			return one, err
		}
		progress(one)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return one, ctx.Err()
		}
	}
}
