package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/refold-dev/refold/engine"
)

// Client asks a running engine.
type Client struct {
	url   string
	token string
	http  http.Client
}

// NewClient asks the engine whose control API is at url.
func NewClient(url, token string) *Client { return &Client{url: url, token: token} }

// Status returns the status of all pipelines.
func (c *Client) Status(ctx context.Context) (list []engine.Status, err error) {
	body, err := c.do(ctx, http.MethodGet, "/v1/pipelines")
	if err != nil {
		return nil, err
	}
	return list, errors.Join(json.NewDecoder(body).Decode(&list), body.Close())
}

// State returns a pipeline's state, or that of one key.
func (c *Client) State(ctx context.Context, pipeline string, key *string) (json.RawMessage, error) {
	path := "/v1/pipelines/" + url.PathEscape(pipeline) + "/state"
	if key != nil {
		path += "?key=" + url.QueryEscape(*key)
	}
	body, err := c.do(ctx, http.MethodGet, path)
	if err != nil {
		return nil, err
	}
	state, err := io.ReadAll(body)
	return state, errors.Join(err, body.Close())
}

// Replay rebuilds a pipeline's read model and reports its progress. It returns
// the last report.
func (c *Client) Replay(ctx context.Context, pipeline string, progress func(engine.Replay)) (engine.Replay, error) {
	body, err := c.do(ctx, http.MethodPost, "/v1/pipelines/"+url.PathEscape(pipeline)+"/replay")
	if err != nil {
		return engine.Replay{}, err
	}
	defer body.Close()
	for dec := json.NewDecoder(body); ; {
		line := replayLine{Replay: &engine.Replay{}}
		if err := dec.Decode(&line); err != nil {
			return engine.Replay{}, fmt.Errorf("reading the replay's progress: %w", err)
		}
		if line.Error != "" {
			return engine.Replay{}, errors.New(line.Error)
		}
		if line.Done {
			line.Replay.Done = true
			return *line.Replay, nil
		}
		progress(*line.Replay)
	}
}

// do returns the body of a successful answer.
func (c *Client) do(ctx context.Context, method, path string) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("asking the running engine: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	var e errorBody
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&e); err != nil || e.Error == "" {
		return nil, fmt.Errorf("the running engine answers %s", resp.Status)
	}
	return nil, errors.New(e.Error)
}
