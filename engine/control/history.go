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

// history answers with the changes of a key, line by line.
func (s *Server) history(w http.ResponseWriter, r *http.Request) {
	enc, begun := json.NewEncoder(w), false
	err := s.engine.History(r.Context(), r.PathValue("name"), r.URL.Query().Get("key"), func(c engine.KeyChange) error {
		begun = true
		return enc.Encode(historyLine{Change: &c})
	})
	switch {
	case err != nil && !begun:
		s.fail(w, codeOf(err), err)
	case err != nil:
		s.line(enc, w, historyLine{errorBody: bodyOf(err)})
	default:
		s.line(enc, w, historyLine{Done: true})
	}
}

// History tells each change of a key.
func (c *Client) History(ctx context.Context, pipeline, key string, tell func(engine.KeyChange) error) error {
	body, err := c.do(ctx, http.MethodGet, "/v1/pipelines/"+url.PathEscape(pipeline)+"/history?key="+url.QueryEscape(key), nil)
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
