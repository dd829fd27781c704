package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/refold-dev/refold/engine"
)

// historyLine is one line of the answer to a request for a key's history.
type historyLine struct {
	Change *engine.KeyChange `json:"change,omitempty"`
	Done   bool              `json:"done,omitempty"`
	errorBody
}

// historyAsk names a key.
type historyAsk struct {
	Pipeline string `json:"pipeline" in:"path"`
	Key      string `json:"key" in:"query" about:"the key"`
}

// history answers with the changes of a key, line by line.
func history(ctx context.Context, about *asked, q *historyAsk, tell func(historyLine) error) error {
	err := about.engine.History(ctx, q.Pipeline, q.Key, func(c engine.KeyChange) error { return tell(historyLine{Change: &c}) })
	if err != nil {
		return err
	}
	return tell(historyLine{Done: true})
}

// History tells each change of a key.
func (c *Client) History(ctx context.Context, pipeline, key string, tell func(engine.KeyChange) error) error {
	body, err := c.do(ctx, http.MethodGet, pathOf(pipeline, "history")+"?key="+url.QueryEscape(key), nil)
	if err != nil {
		return err
	}
	defer body.Close()
	for dec := json.NewDecoder(body); ; {
		var line historyLine
		if err := dec.Decode(&line); err != nil {
			return fmt.Errorf("reading the history of %q: %w", key, err)
		}
		switch {
		case line.Error != "":
			return line.err()
		case line.Done:
			return nil
		case line.Change != nil:
			if err := tell(*line.Change); err != nil {
				return err
			}
		}
	}
}
