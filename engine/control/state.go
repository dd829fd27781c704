package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

var stateVerbs = []verb{
	{"pipelines.state", "GET", "/v1/pipelines/{pipeline}/state", Read, "A pipeline's state, or that of one key; at= and time= say as it was then. With prefix=, limit= or after= a page of its keys.", one(state)},
	{"pipelines.query", "POST", "/v1/pipelines/{pipeline}/query", Read, "What a resident projection answers to a query, which is any JSON that it understands.", one(query)},
	{"pipelines.changes", "GET", "/v1/pipelines/{pipeline}/changes", Read, "What changes of a read model, as Server-Sent Events: ready, change, gap, error and end.", act{
		asks: reflect.TypeFor[changesAsk](), answers: reflect.TypeFor[engine.Notice](), media: mediaEvents, serve: (*Server).changes}},
	{"pipelines.history", "GET", "/v1/pipelines/{pipeline}/history", Read, "Each change of a key's state, with the event that made it.", lines(history)},
	{"pipelines.prove", "POST", "/v1/pipelines/{pipeline}/proof", Operate, "Folds the log again beside the pipeline, compares, and tells its progress.", lines(prove)},
}

// stateAnswer is any JSON or, where pages are asked for, an engine.Page.
type stateAnswer any

// stateAsk says which state.
type stateAsk struct {
	Pipeline string          `json:"pipeline" in:"path"`
	Key      *string         `json:"key,omitempty" in:"query" about:"the key; of a resident projection, what it is asked"`
	At       *event.Position `json:"at,omitempty" in:"query" about:"as it was behind the event at this position"`
	Time     *time.Time      `json:"time,omitempty" in:"query" about:"as it was at this time, by the events' own"`
	Prefix   *string         `json:"prefix,omitempty" in:"query" about:"a page of the keys that begin so"`
	After    string          `json:"after,omitempty" in:"query" about:"the next of the page before"`
	Limit    *int            `json:"limit,omitempty" in:"query" about:"how many keys a page has, 100 if nothing else is said, 1000 at most"`

	moment *engine.Moment
	pages  *engine.Pages
}

// Validate reports what is no moment, and no page.
func (q *stateAsk) Validate() (err error) {
	if q.moment, err = momentOf(q.At, q.Time); err != nil || q.Prefix == nil && q.After == "" && q.Limit == nil {
		return err
	}
	q.pages = &engine.Pages{After: q.After}
	if q.Prefix != nil {
		q.pages.Prefix = *q.Prefix
	}
	if q.Limit != nil {
		q.pages.Limit = *q.Limit
	}
	switch {
	case q.Limit != nil && (*q.Limit < 1 || *q.Limit > engine.MaxPage):
		return fmt.Errorf("parameter limit: a page has 1 to %d keys", engine.MaxPage)
	case q.Key != nil:
		return errors.New("parameter key: pages are of many keys")
	case q.moment != nil:
		return errors.New("parameter at: pages are of the present state")
	}
	return nil
}

func state(ctx context.Context, about *asked, q *stateAsk) (stateAnswer, error) {
	switch {
	case q.pages != nil:
		return about.engine.States(ctx, q.Pipeline, *q.pages)
	case q.moment != nil:
		text, _, err := about.engine.StateAt(ctx, q.Pipeline, *q.moment, q.Key)
		return text, err
	}
	return about.engine.State(ctx, q.Pipeline, q.Key)
}

// queryAsk has the query as it is to come to the projection.
type queryAsk struct {
	Pipeline string          `json:"pipeline" in:"path"`
	Query    json.RawMessage `json:"query,omitempty" in:"body"`
}

func query(ctx context.Context, about *asked, q *queryAsk) (json.RawMessage, error) {
	return about.engine.Query(ctx, q.Pipeline, q.Query)
}
