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

// Problem is why a pipeline, or without its name the engine, is not well.
type Problem struct {
	Pipeline string `json:"pipeline,omitempty"`
	Problem  string `json:"problem"`
}

func healthOf(list []engine.Status, err error) Health {
	problems := []Problem{}
	if err != nil {
		problems = append(problems, Problem{Problem: fmt.Sprintf("asking the log: %v", err)})
	}
	for i := range list {
		if text := list[i].Problem(); text != "" {
			problems = append(problems, Problem{list[i].Pipeline, text})
		}
	}
	return Health{len(problems) == 0, problems}
}

// health answers with 200 where all is well, and with 503 and the problems elsewhere.
func health(s statuser) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := healthOf(s.Status(r.Context()))
		w.Header().Set("Content-Type", "application/json")
		if !h.Healthy {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(h) // of a client that has gone
	}
}
