package control

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/refold-dev/refold/engine"
)

var transitionVerbs = []verb{
	{"transitions.list", "GET", "/v1/transitions", Read, "The latest steps of pipelines from one state to another, oldest first, and why.", one(transitions)},
}

// Journal has what has become of pipelines.
type Journal interface {
	// Latest are the last transitions of a pipeline, or of all if none is named, oldest
	// first.
	Latest(ctx context.Context, pipeline string, limit int) ([]engine.Transition, error)
}

// defaultTransitions is how many are told if nothing else is said.
const defaultTransitions = 50

var errNoJournal = errors.New("the engine keeps no journal of what becomes of its pipelines")

// transitionsAsk says which.
type transitionsAsk struct {
	Pipeline string `json:"pipeline,omitempty" in:"query" about:"of this pipeline alone"`
	Limit    *int   `json:"limit,omitempty" in:"query" about:"how many at most, 50 if nothing else is said"`
}

// Validate reports a limit that is none.
func (q *transitionsAsk) Validate() error {
	if q.Limit != nil && *q.Limit < 1 {
		return errors.New("parameter limit: must be at least 1")
	}
	return nil
}

func transitions(ctx context.Context, about *asked, q *transitionsAsk) ([]engine.Transition, error) {
	if about.journal == nil {
		return nil, errNoJournal
	}
	if q.Pipeline != "" {
		if _, err := about.statusOf(ctx, q.Pipeline, nil); err != nil {
			return nil, err
		}
	}
	limit := defaultTransitions
	if q.Limit != nil {
		limit = *q.Limit
	}
	list, err := about.journal.Latest(ctx, q.Pipeline, limit)
	if err != nil {
		return nil, &unavailableError{err}
	}
	return list, nil
}

// Latest are the last transitions of a pipeline, or of all if none is named, oldest first.
func (c *Client) Latest(ctx context.Context, pipeline string, limit int) (list []engine.Transition, err error) {
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	if pipeline != "" {
		q.Set("pipeline", pipeline)
	}
	return list, c.read(ctx, http.MethodGet, "/v1/transitions?"+q.Encode(), nil, &list)
}
