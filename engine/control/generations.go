package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/refold-dev/refold/engine"
)

// rollbackBody is which generation is to serve again; 0 is the one that has served last.
type rollbackBody struct {
	Generation uint64 `json:"generation"`
}

func (s *Server) rollback(w http.ResponseWriter, r *http.Request) {
	var body rollbackBody
	if !s.takeBody(w, r, &body) {
		return
	}
	name := r.PathValue("name")
	s.answerStatus(w, r, name, s.engine.Rollback(r.Context(), name, body.Generation))
}

func (s *Server) generations(w http.ResponseWriter, r *http.Request) {
	s.answerGenerations(w, r.PathValue("name"), nil)
}

func (s *Server) dropGeneration(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.ParseUint(r.PathValue("generation"), 10, 64)
	if err != nil {
		s.fail(w, http.StatusBadRequest, fmt.Errorf("%q is no generation's number", r.PathValue("generation")))
		return
	}
	name := r.PathValue("name")
	s.answerGenerations(w, name, s.engine.DropGeneration(r.Context(), name, number))
}

// answerGenerations answers with an error or with the generations that there are.
func (s *Server) answerGenerations(w http.ResponseWriter, name string, err error) {
	if err == nil {
		var list []engine.Generation
		if list, err = s.engine.Generations(name); err == nil {
			s.answer(w, list)
			return
		}
	}
	s.fail(w, codeOf(err), err)
}

// Rollback has a kept generation serve again, 0 for the one that has served last, and
// returns the pipeline's status.
func (c *Client) Rollback(ctx context.Context, pipeline string, generation uint64) (engine.Status, error) {
	text, err := json.Marshal(rollbackBody{generation})
	if err != nil {
		return engine.Status{}, err
	}
	return c.order(ctx, pipeline, "rollback", bytes.NewReader(text))
}

// Generations lists a pipeline's generations.
func (c *Client) Generations(ctx context.Context, pipeline string) ([]engine.Generation, error) {
	return c.aboutGenerations(ctx, http.MethodGet, pipeline, "")
}

// DropGeneration removes a generation that is kept, and returns those that are left.
func (c *Client) DropGeneration(ctx context.Context, pipeline string, generation uint64) ([]engine.Generation, error) {
	return c.aboutGenerations(ctx, http.MethodDelete, pipeline, "/"+strconv.FormatUint(generation, 10))
}

func (c *Client) aboutGenerations(ctx context.Context, method, pipeline, which string) (list []engine.Generation, err error) {
	body, err := c.do(ctx, method, "/v1/pipelines/"+url.PathEscape(pipeline)+"/generations"+which, nil)
	if err != nil {
		return nil, err
	}
	return list, errors.Join(json.NewDecoder(body).Decode(&list), body.Close())
}
