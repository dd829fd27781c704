package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/refold-dev/refold/engine"
)

// Client asks a running engine: one of this machine, or a [Remote].
type Client struct {
	url   string
	token string // empty where a certificate is enough
	of    string // what errors call the engine
	away  bool   // it is a Remote
	http  http.Client
}

// NewClient asks the engine of this machine whose control API is at url.
func NewClient(url, token string) *Client {
	return &Client{url: url, token: token, of: "the running engine", http: http.Client{CheckRedirect: stay}}
}

// stay follows no redirection: no engine sends one, and the token is for nobody else.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Close gives up connections that are kept for later requests.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// UnreachedError is an engine from which no answer has come.
type UnreachedError struct {
	// Of is what it is called.
	Of string
	// Remote reports one that is elsewhere: a Remote.
	Remote bool
	Err    error
}

func (e *UnreachedError) Error() string { return "asking " + e.Of + ": " + e.Err.Error() }
func (e *UnreachedError) Unwrap() error { return e.Err }

// StrangerError is an answer that no engine gives.
type StrangerError struct {
	// Of is what the engine is called, What the answer.
	Of, What string
}

func (e *StrangerError) Error() string { return e.Of + " does not answer as an engine does: " + e.What }

// AnswerError is an error that an engine has answered with.
type AnswerError struct {
	// Code is the status of the answer; docs/API.md says what each means.
	Code int
	Text string
	// Unknown is set if the engine has no such verb at all.
	Unknown bool
	// Version is the engine's; empty if it has not said.
	Version string
	// Remote is as in UnreachedError.
	Remote bool
}

func (e *AnswerError) Error() string { return e.Text }

// Is has a client see of which kind the engine's error was.
func (e *AnswerError) Is(kind error) bool {
	return (kind == engine.ErrUnknownPipeline || kind == engine.ErrNoKey) && e.Code == http.StatusNotFound && strings.HasSuffix(e.Text, ": "+kind.Error())
}

// Status returns the status of all pipelines.
func (c *Client) Status(ctx context.Context) (list []engine.Status, err error) {
	return list, c.read(ctx, http.MethodGet, "/v1/pipelines", nil, &list)
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
	return c.all(ctx, http.MethodGet, pathOf(pipeline, "state")+"?"+q.Encode(), nil)
}

// pathOf is where something is asked about a pipeline.
func pathOf(pipeline, what string) string {
	return "/v1/pipelines/" + url.PathEscape(pipeline) + "/" + what
}

// read reads an answer that is one value.
func (c *Client) read(ctx context.Context, method, path string, content io.Reader, into any) error {
	text, err := c.all(ctx, method, path, content)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return &StrangerError{c.of, "what comes from " + path + " is not what should: " + err.Error()}
	}
	return nil
}

// all returns a successful answer as it came.
func (c *Client) all(ctx context.Context, method, path string, content io.Reader) ([]byte, error) {
	body, err := c.do(ctx, method, path, content)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(body)
	if err = errors.Join(err, body.Close()); err != nil {
		return nil, c.unreached(fmt.Errorf("the answer breaks off: %w", err))
	}
	return text, nil
}

// do returns the body of a successful answer. The error may be an *UnreachedError, a
// *StrangerError, an *AnswerError, or what the state of a pipeline or of a job does not
// allow.
func (c *Client) do(ctx context.Context, method, path string, content io.Reader) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, content)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, c.unreached(err)
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode == http.StatusOK && slices.Contains([]string{mediaJSON, mediaLines}, media) {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	var e errorBody
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&e); err != nil || e.Error == "" || resp.StatusCode == http.StatusOK {
		return nil, &StrangerError{c.of, told(resp)}
	}
	if e.Refused != nil || e.RefusedJob != nil {
		return nil, e.err()
	}
	unknown := strings.HasPrefix(e.Error, "there is no "+method+" /")
	return nil, &AnswerError{resp.StatusCode, e.Error, unknown, resp.Header.Get(versionHeader), c.away}
}

// unreached says in one line what http.Client says in more: it names the URL itself.
func (c *Client) unreached(err error) error {
	var long *url.Error
	if errors.As(err, &long) {
		err = long.Err
	}
	return &UnreachedError{c.of, c.away, err}
}

// told is what an answer says of itself.
func told(resp *http.Response) string {
	text := fmt.Sprintf("it says %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	if to := resp.Header.Get("Location"); to != "" {
		return text + fmt.Sprintf(", and sends to %.200q", to)
	}
	if media := resp.Header.Get("Content-Type"); media != "" {
		return text + fmt.Sprintf(", with %.100q", media)
	}
	return text
}
