package control

import (
	"context"
	"encoding/json"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

var stateVerbs = []verb{
	{"pipelines.state", "GET", "/v1/pipelines/{pipeline}/state", Read, "A pipeline's state, or that of one key; at= and time= say as it was then.", one(state)},
	{"pipelines.history", "GET", "/v1/pipelines/{pipeline}/history", Read, "Each change of a key's state, with the event that made it.", lines(history)},
	{"pipelines.prove", "POST", "/v1/pipelines/{pipeline}/proof", Operate, "Folds the log again beside the pipeline, compares, and tells its progress.", lines(prove)},
}

// stateAsk says which state.
type stateAsk struct {
	Pipeline string          `json:"pipeline" in:"path"`
	Key      *string         `json:"key,omitempty" in:"query" about:"the key; of a resident projection, what it is asked"`
	At       *event.Position `json:"at,omitempty" in:"query" about:"as it was behind the event at this position"`
	Time     *time.Time      `json:"time,omitempty" in:"query" about:"as it was at this time, by the events' own"`

	moment *engine.Moment
}

// Validate reports a moment that is none.
func (q *stateAsk) Validate() (err error) {
	q.moment, err = momentOf(q.At, q.Time)
	return err
}

func state(ctx context.Context, about *asked, q *stateAsk) (json.RawMessage, error) {
	if q.moment == nil {
		return about.engine.State(ctx, q.Pipeline, q.Key)
	}
	text, _, err := about.engine.StateAt(ctx, q.Pipeline, *q.moment, q.Key)
	return text, err
}
