package feed

import (
	"maps"
	"slices"

	"github.com/refold-dev/refold/domain/event"
)

// Selection says which events a pipeline wants.
type Selection struct {
	events     map[string]bool // nil: all
	aggregates map[string]bool // nil: all
}

// Select selects events of the given types, about aggregates of the given types;
// an empty list is no restriction. Where both the projection and the pipeline
// name event types, both must want an event.
func Select(manifestEvents, sourceEvents, aggregates []string) Selection {
	s := Selection{events: set(manifestEvents), aggregates: set(aggregates)}
	if len(sourceEvents) > 0 {
		s.events = set(sourceEvents)
		maps.DeleteFunc(s.events, func(name string, _ bool) bool {
			return len(manifestEvents) > 0 && !slices.Contains(manifestEvents, name)
		})
	}
	return s
}

// Wants reports whether the pipeline wants the event.
func (s Selection) Wants(e *event.Recorded) bool {
	return (s.events == nil || s.events[e.Type]) && (s.aggregates == nil || s.aggregates[e.Aggregate.Type])
}

// Types are the event types that are wanted, in order; nil for all.
func (s Selection) Types() []string { return slices.Sorted(maps.Keys(s.events)) }

// set returns nil, no restriction, for an empty list.
func set(list []string) map[string]bool {
	if len(list) == 0 {
		return nil
	}
	m := make(map[string]bool, len(list))
	for _, v := range list {
		m[v] = true
	}
	return m
}
