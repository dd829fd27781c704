package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/refold-dev/refold/engine"
)

// maxChoice bounds the body of a request about dead letters, in bytes: it names a
// key.
const maxChoice = 64 << 10

func (s *Server) deadLetters(w http.ResponseWriter, r *http.Request) {
	s.answerDeadLetters(w, r, nil)
}

// withDeadLetters answers with the dead letters that are left when something has
// been done about those that the body chooses.
func (s *Server) withDeadLetters(do func(ctx context.Context, pipeline string, c engine.Choice) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var c engine.Choice
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxChoice)).Decode(&c); err != nil {
			s.fail(w, http.StatusBadRequest, fmt.Errorf("the request's body: %w", err))
			return
		}
		s.answerDeadLetters(w, r, do(r.Context(), r.PathValue("name"), c))
	}
}

func (s *Server) answerDeadLetters(w http.ResponseWriter, r *http.Request, err error) {
	var left engine.DeadLetters
	if err == nil {
		left, err = s.engine.DeadLetters(r.PathValue("name"))
	}
	if err != nil {
		s.fail(w, codeOf(err), err)
		return
	}
	s.answer(w, left)
}

// DeadLetters returns what a pipeline has set aside.
func (c *Client) DeadLetters(ctx context.Context, pipeline string) (engine.DeadLetters, error) {
	return c.aboutDeadLetters(ctx, http.MethodGet, pipeline, "", nil)
}

// Retry has dead letters folded or performed again, and returns those that are
// left.
func (c *Client) Retry(ctx context.Context, pipeline string, choice engine.Choice) (engine.DeadLetters, error) {
	return c.aboutDeadLetters(ctx, http.MethodPost, pipeline, "/retry", &choice)
}

// Drop has dead letters thrown away, and returns those that are left.
func (c *Client) Drop(ctx context.Context, pipeline string, choice engine.Choice) (engine.DeadLetters, error) {
	return c.aboutDeadLetters(ctx, http.MethodPost, pipeline, "/drop", &choice)
}

func (c *Client) aboutDeadLetters(ctx context.Context, method, pipeline, verb string, choice *engine.Choice) (left engine.DeadLetters, err error) {
	content, err := json.Marshal(choice)
	if err != nil {
		return left, err
	}
	body, err := c.do(ctx, method, "/v1/pipelines/"+url.PathEscape(pipeline)+"/dead-letters"+verb, bytes.NewReader(content))
	if err != nil {
		return left, err
	}
	return left, errors.Join(json.NewDecoder(body).Decode(&left), body.Close())
}
