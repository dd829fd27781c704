package control

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/refold-dev/refold/engine"
)

var deadLetterVerbs = []verb{
	{"dead_letters.list", "GET", "/v1/pipelines/{pipeline}/dead-letters", Read, "What a pipeline has set aside: keys that are parked, and events and effects that were left out.", one(deadLetters)},
	{"dead_letters.retry", "POST", "/v1/pipelines/{pipeline}/dead-letters/retry", Operate, "Has dead letters folded or performed again; {} chooses all. Answers with those that are left.", one(withDeadLetters((*engine.Engine).Retry))},
	{"dead_letters.drop", "POST", "/v1/pipelines/{pipeline}/dead-letters/drop", Operate, "Throws dead letters away; {} chooses all. Answers with those that are left.", one(withDeadLetters((*engine.Engine).Drop))},
}

// choiceAsk must say something, if only {}: that is all of them.
type choiceAsk struct {
	Pipeline      string `json:"pipeline" in:"path"`
	engine.Choice `in:"body" need:"yes"`
}

func deadLetters(_ context.Context, about *asked, q *ofPipeline) (engine.DeadLetters, error) {
	return about.engine.DeadLetters(q.Pipeline)
}

// withDeadLetters answers with the dead letters that are left when something has been done
// about those that are chosen.
func withDeadLetters(do func(e *engine.Engine, ctx context.Context, pipeline string, c engine.Choice) error) func(context.Context, *asked, *choiceAsk) (engine.DeadLetters, error) {
	return func(ctx context.Context, about *asked, q *choiceAsk) (engine.DeadLetters, error) {
		if err := do(about.engine, ctx, q.Pipeline, q.Choice); err != nil {
			return engine.DeadLetters{}, err
		}
		return about.engine.DeadLetters(q.Pipeline)
	}
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
	var content []byte // none, where nothing is chosen
	if choice != nil {
		if content, err = json.Marshal(choice); err != nil {
			return left, err
		}
	}
	return left, c.read(ctx, method, pathOf(pipeline, "dead-letters")+verb, bytes.NewReader(content), &left)
}
