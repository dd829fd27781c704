package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/job"
)

// progressEvery is how often a rebuild's progress is reported.
const progressEvery = 200 * time.Millisecond

var pipelineVerbs = []verb{
	{"pipelines.list", "GET", "/v1/pipelines", Read, "The status of every pipeline.", one(list)},
	{"pipelines.pause", "POST", "/v1/pipelines/{pipeline}/pause", Operate, "Holds a pipeline until it is resumed.", one(pause)},
	{"pipelines.resume", "POST", "/v1/pipelines/{pipeline}/resume", Operate, "Has a paused or faulted pipeline go on.", one(resume)},
	{"pipelines.reset", "POST", "/v1/pipelines/{pipeline}/reset", Operate, "Throws the read model away and has it built again, and tells the progress of the job that does so.", lines(reset)},
}

// unavailableError is a log that does not answer.
type unavailableError struct{ err error }

func (e *unavailableError) Error() string { return e.err.Error() }
func (e *unavailableError) Unwrap() error { return e.err }

func list(ctx context.Context, about *asked, _ *nothing) ([]engine.Status, error) {
	list, err := about.engine.Status(ctx)
	if err != nil {
		return nil, &unavailableError{err}
	}
	return list, nil
}

// pauseAsk may say why.
type pauseAsk struct {
	Pipeline  string `json:"pipeline" in:"path"`
	PauseBody `in:"body"`
}

// PauseBody is what may be said about a pause.
type PauseBody struct {
	Reason string `json:"reason,omitempty"`
}

func pause(ctx context.Context, about *asked, q *pauseAsk) (engine.Status, error) {
	return about.statusOf(ctx, q.Pipeline, about.engine.Pause(ctx, q.Pipeline, q.Reason))
}

func resume(ctx context.Context, about *asked, q *ofPipeline) (engine.Status, error) {
	return about.statusOf(ctx, q.Pipeline, about.engine.Resume(ctx, q.Pipeline))
}

// statusOf is what has become of a pipeline, unless err says why nothing has.
func (a *asked) statusOf(ctx context.Context, name string, err error) (engine.Status, error) {
	if err != nil {
		return engine.Status{}, err
	}
	list, err := list(ctx, a, nil)
	if err != nil {
		return engine.Status{}, err
	}
	i := slices.IndexFunc(list, func(s engine.Status) bool { return s.Pipeline == name })
	if i < 0 {
		return engine.Status{}, fmt.Errorf("pipeline %q: %w", name, engine.ErrUnknownPipeline)
	}
	return list[i], nil
}

// progressLine is one line of a reset's answer.
type progressLine struct {
	Job *job.Job `json:"job,omitempty"`
	errorBody
}

// reset answers with the progress of the job that builds the read model again.
func reset(ctx context.Context, about *asked, q *ofPipeline, tell func(progressLine) error) error {
	done := make(chan error, 1)
	go func() { done <- about.engine.Reset(ctx, q.Pipeline) }()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if one := about.latest(q.Pipeline); one != nil && one.State == job.Running {
				_ = tell(progressLine{Job: one}) // nobody may listen: it goes on
			}
		case err := <-done:
			if err != nil {
				return err
			}
			return tell(progressLine{Job: about.latest(q.Pipeline)})
		}
	}
}

// latest is the job of a pipeline that was submitted last; nil if there is none.
func (a *asked) latest(pipeline string) *job.Job {
	for _, one := range slices.Backward(a.engine.Jobs()) {
		if one.Pipeline == pipeline {
			return &one
		}
	}
	return nil
}

// Pause holds a pipeline until a Resume, and returns its status.
func (c *Client) Pause(ctx context.Context, pipeline, reason string) (engine.Status, error) {
	text, err := json.Marshal(PauseBody{reason})
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
	return status, c.read(ctx, http.MethodPost, pathOf(pipeline, what), content, &status)
}

// Reset throws a pipeline's read model away, has it built again, and reports the
// progress of the job that does so. It returns that as it is done.
func (c *Client) Reset(ctx context.Context, pipeline string, progress func(job.Job)) (job.Job, error) {
	body, err := c.do(ctx, http.MethodPost, pathOf(pipeline, "reset"), nil)
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
