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
func prove(ctx context.Context, about *asked, q *ofPipeline, tell func(proofLine) error) error {
	var told time.Time
	proof, err := about.engine.Prove(ctx, q.Pipeline, func(at, target event.Position) {
		if time.Since(told) >= progressEvery {
			told = time.Now()
			_ = tell(proofLine{Position: at, Target: target}) // the end shows whether anybody listens
		}
	})
	if err != nil {
		return err
	}
	return tell(proofLine{Proof: &proof})
}

// Prove folds a pipeline's log again and compares, and reports its progress.
func (c *Client) Prove(ctx context.Context, pipeline string, progress func(at, target event.Position)) (engine.Proof, error) {
	body, err := c.do(ctx, http.MethodPost, pathOf(pipeline, "proof"), nil)
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
