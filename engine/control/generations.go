package control

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/refold-dev/refold/engine"
)

var generationVerbs = []verb{
	{"generations.list", "GET", "/v1/pipelines/{pipeline}/generations", Read, "The generations of a pipeline's read model that there are.", one(generations)},
	{"generations.drop", "DELETE", "/v1/pipelines/{pipeline}/generations/{generation}", Operate, "Removes a generation that is kept, and answers with those that are left.", one(dropGeneration)},
	{"generations.rollback", "POST", "/v1/pipelines/{pipeline}/rollback", Operate, "Has a kept generation serve again, 0 for the one that has served last.", one(rollback)},
}

// rollbackAsk may leave it out: 0 is the one that has served last.
type rollbackAsk struct {
	Pipeline     string `json:"pipeline" in:"path"`
	RollbackBody `in:"body"`
}

// RollbackBody is which generation is to serve again.
type RollbackBody struct {
	Generation uint64 `json:"generation,omitempty"`
}

func rollback(ctx context.Context, about *asked, q *rollbackAsk) (engine.Status, error) {
	return about.statusOf(ctx, q.Pipeline, about.engine.Rollback(ctx, q.Pipeline, q.Generation))
}

func generations(_ context.Context, about *asked, q *ofPipeline) ([]engine.Generation, error) {
	return about.engine.Generations(q.Pipeline)
}

type ofGeneration struct {
	Pipeline   string `json:"pipeline" in:"path"`
	Generation uint64 `json:"generation" in:"path"`
}

func dropGeneration(ctx context.Context, about *asked, q *ofGeneration) ([]engine.Generation, error) {
	if err := about.engine.DropGeneration(ctx, q.Pipeline, q.Generation); err != nil {
		return nil, err
	}
	return about.engine.Generations(q.Pipeline)
}

// Rollback has a kept generation serve again, 0 for the one that has served last, and
// returns the pipeline's status.
func (c *Client) Rollback(ctx context.Context, pipeline string, generation uint64) (engine.Status, error) {
	text, err := json.Marshal(RollbackBody{generation})
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
	return list, c.read(ctx, method, pathOf(pipeline, "generations")+which, nil, &list)
}
