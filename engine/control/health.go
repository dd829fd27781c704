package control

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/refold-dev/refold/engine"
)

// Health says whether all pipelines are well.
type Health struct {
	Healthy  bool      `json:"healthy"`
	Problems []Problem `json:"problems"`
}

// Problem is why a pipeline, or without its name the engine, is not well or not ready.
type Problem struct {
	Pipeline string `json:"pipeline,omitempty"`
	Problem  string `json:"problem"`
}

// Readiness says whether the engine keeps up all read models that it should.
type Readiness struct {
	Ready    bool      `json:"ready"`
	Problems []Problem `json:"problems"`
}

// problemsOf are those that find finds in the pipelines of an engine, and the log's.
func problemsOf(list []engine.Status, err error, find func(*engine.Status) string) []Problem {
	problems := []Problem{}
	if err != nil {
		problems = append(problems, Problem{Problem: fmt.Sprintf("asking the log: %v", err)})
	}
	for i := range list {
		if text := find(&list[i]); text != "" {
			problems = append(problems, Problem{list[i].Pipeline, text})
		}
	}
	return problems
}

// unready says why a pipeline does not fold although it should; empty if it does, or if
// it should not.
func unready(s *engine.Status) string {
	switch s.State {
	case engine.Live, engine.CatchingUp, engine.Paused, engine.Retired:
		return ""
	case engine.Faulted:
		return s.Error
	case engine.Rebuilding:
		return "it has nothing to serve until its read model is built"
	}
	return "it is " + string(s.State) + ", and does not fold yet"
}

// health answers with 200 where all is well, and with 503 and the problems elsewhere.
func health(e statuser) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		list, err := e.Status(r.Context())
		problems := problemsOf(list, err, (*engine.Status).Problem)
		if refused := e.Accepts(r.Context()); err == nil && refused != nil {
			problems = append([]Problem{{Problem: fmt.Sprintf("the event log takes no appends: %v", refused)}}, problems...)
		}
		answerProbe(w, len(problems) == 0, Health{len(problems) == 0, problems})
	}
}

// ready answers with 200 where the engine runs and keeps up what it should, and with 503
// and the problems elsewhere.
func ready(e statuser) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		list, err := e.Status(r.Context())
		problems := problemsOf(list, err, unready)
		if !e.Running() {
			problems = append([]Problem{{Problem: "the engine does not run yet, or is stopping"}}, problems...)
		}
		answerProbe(w, len(problems) == 0, Readiness{len(problems) == 0, problems})
	}
}

func answerProbe(w http.ResponseWriter, good bool, answer any) {
	w.Header().Set("Content-Type", "application/json")
	if !good {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer) // of a client that has gone
}
