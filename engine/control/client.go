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
	body, err := c.do(ctx, http.MethodGet, "/v1/pipelines", nil)
	if err != nil {
		return nil, err
	}
	return list, errors.Join(json.NewDecoder(body).Decode(&list), body.Close())
}

// State returns a pipeline's state, or that of one key.
func (c *Client) State(ctx context.Context, pipeline string, key *string) (json.RawMessage, error) {
	return c.state(ctx, pipeline, url.Values{}, key)
}

// StateAt returns a pipeline's state, or that of one key, as it was.
func (c *Client) StateAt(ctx context.Context, pipeline string, m engine.Moment, key *string) (json.RawMessage, error) {
	return c.state(ctx, pipeline, momentValues(m), key)
}

func (c *Client) state(ctx context.Context, pipeline string, q url.Values, key *string) (json.RawMessage, error) {
	if key != nil {
		q.Set("key", *key)
	}
	body, err := c.do(ctx, http.MethodGet, "/v1/pipelines/"+url.PathEscape(pipeline)+"/state?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	state, err := io.ReadAll(body)
	return state, errors.Join(err, body.Close())
}

// do returns the body of a successful answer.
func (c *Client) do(ctx context.Context, method, path string, content io.Reader) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, content)
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
	return nil, e.err()
}
