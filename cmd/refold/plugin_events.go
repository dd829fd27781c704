package main

import (
	"context"
	"errors"
	"os"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore/jsonl"
)

// eventSources reads what logs are drawn from, in the catalog's versions.
func (a *app) eventSources(ctx context.Context, events, catalog string) ([]event.Event, []config.EventType, error) {
	c := config.Config{}
	if catalog != "" {
		text, err := os.ReadFile(catalog)
		if err != nil {
			return nil, nil, &config.Error{Pos: config.Pos{File: catalog}, Message: err.Error()}
		}
		var errs config.Errors
		if c, errs = config.Parse(catalog, text, os.LookupEnv); len(errs) > 0 {
			return nil, nil, errs
		}
	}
	known, err := c.EventCatalog()
	if err != nil || events == "" {
		return nil, c.Catalog, err
	}
	in, err := a.openInput(ctx, events)
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	list := &eventList{upcast: known.Upcast}
	_, err = jsonl.Import(ctx, in, list, jsonl.Options{})
	var bad *jsonl.LineError
	switch {
	case errors.Is(err, errEnough):
	case errors.As(err, &bad):
		return nil, nil, &config.Error{Pos: config.Pos{File: events, Line: bad.Line, Column: 1}, Message: bad.Err.Error()}
	case err != nil:
		return nil, nil, err
	}
	return list.events, c.Catalog, nil
}

// maxSampled is how many events are read of a file: of a longer log the rest is
// left.
const maxSampled = 20_000

var errEnough = errors.New("there are enough events")

// eventList keeps events, each in its current version.
type eventList struct {
	upcast func(event.Event) (event.Event, error)
	events []event.Event
}

// Add keeps an event.
func (l *eventList) Add(_ context.Context, e event.Event) (bool, error) {
	if len(l.events) == maxSampled {
		return false, errEnough
	}
	e, err := l.upcast(e)
	l.events = append(l.events, e)
	return true, err
}

// Flush does nothing.
func (l *eventList) Flush(context.Context) error { return nil }
