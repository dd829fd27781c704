package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/plugins/collect"
)

// collection has the collectors of a run that ends, by pipeline.
type collection struct {
	mu         sync.Mutex
	collectors map[string][]*collect.Executor
}

func (c *collection) open(pipeline string, o collect.Options) *collect.Executor {
	x := collect.New(o)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.collectors == nil {
		c.collectors = map[string][]*collect.Executor{}
	}
	c.collectors[pipeline] = append(c.collectors[pipeline], x)
	return x
}

// caughtUp is a pipeline's status with what has been collected for the
// generation that serves.
type caughtUp struct {
	engine.Status
	Effects []collected `json:"effects,omitempty"`
}

// MarshalJSON implements json.Marshaler, as a status does: of a struct that has one in it
// that would be all.
func (c caughtUp) MarshalJSON() ([]byte, error) {
	status, err := json.Marshal(c.Status)
	if err != nil || len(c.Effects) == 0 {
		return status, err
	}
	effects, err := json.Marshal(c.Effects)
	return slices.Concat(status[:len(status)-1], []byte(`,"effects":`), effects, []byte("}")), err
}

// collected is an effect, for machines.
type collected struct {
	ID       uuid.UUID       `json:"id"`
	Position event.Position  `json:"position"` // of the event that caused it
	Kind     string          `json:"kind"`
	Level    string          `json:"level,omitempty"`
	Name     string          `json:"name,omitempty"`
	Key      string          `json:"key,omitempty"`
	Body     json.RawMessage `json:"body,omitempty"`
	Message  string          `json:"message,omitempty"` // of a log effect; what a body says that is no JSON
}

func (c *collection) of(s engine.Status) caughtUp {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := caughtUp{Status: s}
	for _, x := range c.collectors[s.Pipeline] {
		for _, f := range x.Effects() {
			if f.Generation == s.Generation {
				found.Effects = append(found.Effects, shown(&f))
			}
		}
	}
	return found
}

func shown(f *collect.Effect) collected {
	c := collected{ID: f.ID(), Position: f.Cause, Kind: f.Kind.String(), Name: f.Name, Key: f.Key}
	if f.Kind == effect.Log {
		c.Level = f.Level.String()
	}
	if f.Kind != effect.Log && json.Valid(f.Body) {
		c.Body = f.Body
	} else {
		c.Message = string(f.Body)
	}
	return c
}

// printCaughtUp is printStatus with what has been collected.
func (a *app) printCaughtUp(list []engine.Status, c *collection) error {
	all := make([]caughtUp, len(list))
	for i, s := range list {
		all[i] = c.of(s)
	}
	if a.json {
		return a.printJSON(all)
	}
	if err := a.printStatus(list); err != nil {
		return err
	}
	for i := range all {
		if n := len(all[i].Effects); n > 0 {
			if _, err := fmt.Fprintf(a.out, "%s: %d effects collected; --json lists them\n", all[i].Pipeline, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// refuseCollecting is about a run without an end: what it collects nobody can
// look at, until there is too much of it.
func refuseCollecting(c *config.Config) error {
	var errs config.Errors
	for _, p := range c.Pipelines {
		for i := range p.Executors {
			if x := p.Executors[i].Innermost(); x.Collect != nil {
				errs = append(errs, &config.Error{
					Pos:     x.Where("collect"),
					Message: "what is collected is shown at the end of a run, and this run has none",
					Hint:    "run with --once, or write log or null instead of collect",
				})
			}
		}
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}
