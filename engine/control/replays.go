package control

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/job"
)

var replayVerbs = []verb{
	{"replays.submit", "POST", "/v1/replays", Operate, "Queues a replay of a pipeline.", one(submitReplay)},
	{"replays.list", "GET", "/v1/replays", Read, "The replay jobs, in the order of their submission.", one(listReplays)},
	{"replays.show", "GET", "/v1/replays/{id}", Read, "A replay job.", one(aboutReplay(withoutWaiting((*engine.Engine).Job)))},
	{"replays.pause", "POST", "/v1/replays/{id}/pause", Operate, "Holds a replay job, which keeps what it has built.", one(aboutReplay((*engine.Engine).PauseJob))},
	{"replays.resume", "POST", "/v1/replays/{id}/resume", Operate, "Has a paused replay job go on.", one(aboutReplay(withoutWaiting((*engine.Engine).ResumeJob)))},
	{"replays.cancel", "POST", "/v1/replays/{id}/cancel", Operate, "Ends a replay job, and removes what it has built.", one(aboutReplay((*engine.Engine).CancelJob))},
}

type submitAsk struct {
	job.Request `in:"body" need:"yes"`
}

func submitReplay(ctx context.Context, about *asked, q *submitAsk) (job.Job, error) {
	return about.engine.Submit(ctx, q.Request)
}

func listReplays(_ context.Context, about *asked, _ *nothing) ([]job.Job, error) {
	return about.engine.Jobs(), nil
}

// ofReplay names a job.
type ofReplay struct {
	ID string `json:"id" in:"path"`
	id uuid.UUID
}

// Validate reports an id that is none.
func (q *ofReplay) Validate() (err error) {
	q.id, err = job.ParseID(q.ID)
	return err
}

// aboutReplay answers with a job, once something has been done about it.
func aboutReplay(do func(e *engine.Engine, ctx context.Context, id uuid.UUID) (job.Job, error)) func(context.Context, *asked, *ofReplay) (job.Job, error) {
	return func(ctx context.Context, about *asked, q *ofReplay) (job.Job, error) {
		return do(about.engine, ctx, q.id)
	}
}

// withoutWaiting is something that takes no time.
func withoutWaiting(do func(*engine.Engine, uuid.UUID) (job.Job, error)) func(*engine.Engine, context.Context, uuid.UUID) (job.Job, error) {
	return func(e *engine.Engine, _ context.Context, id uuid.UUID) (job.Job, error) { return do(e, id) }
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
	return list, c.read(ctx, http.MethodGet, "/v1/replays", nil, &list)
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
	return one, c.read(ctx, method, "/v1/replays"+path, content, &one)
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
