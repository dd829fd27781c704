package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

// proofLine is one line of the answer to a request for a proof: how far it is, and at
// its end the proof or an error.
type proofLine struct {
	Position event.Position `json:"position,omitempty"`
	Target   event.Position `json:"target,omitempty"`
	Proof    *engine.Proof  `json:"proof,omitempty"`
	errorBody
}

// prove answers with the progress of a proof, and then with that.
func (s *Server) prove(w http.ResponseWriter, r *http.Request) {
	enc, begun := json.NewEncoder(w), false
	var told time.Time
	proof, err := s.engine.Prove(r.Context(), r.PathValue("name"), func(at, target event.Position) {
		if begun && time.Since(told) < progressEvery {
			return
		}
		begun, told = true, time.Now()
		s.line(enc, w, proofLine{Position: at, Target: target})
	})
	switch {
	case err != nil && !begun:
		s.fail(w, codeOf(err), err)
	case err != nil:
		s.line(enc, w, proofLine{errorBody: bodyOf(err)})
	default:
		s.line(enc, w, proofLine{Proof: &proof})
	}
}

// Prove folds a pipeline's log again and compares, and reports its progress.
func (c *Client) Prove(ctx context.Context, pipeline string, progress func(at, target event.Position)) (engine.Proof, error) {
	body, err := c.post(ctx, pipeline, "proof", nil)
	if err != nil {
		return engine.Proof{}, err
	}
	defer body.Close()
	for dec := json.NewDecoder(body); ; {
		var line proofLine
		if err := dec.Decode(&line); err != nil {
			return engine.Proof{}, fmt.Errorf("reading the proof's progress: %w", err)
		}
		switch {
		case line.Error != "":
			return engine.Proof{}, line.err()
		case line.Proof != nil:
			return *line.Proof, nil
		}
		progress(line.Position, line.Target)
	}
}
