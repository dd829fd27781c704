package engine

import (
	"time"

	"github.com/refold-dev/refold/domain/event"
)

// ExecutorStatus is how far one of a pipeline's executors is.
type ExecutorStatus struct {
	// Name is the executor's kind, with a number behind it if the pipeline has
	// several of that kind.
	Name string `json:"name"`
	// Position is the last one whose effects it has performed.
	Position event.Position `json:"position"`
	// Error is why it tries again; Attempts counts, Since says from when on.
	Error    string     `json:"error,omitempty"`
	Attempts int        `json:"attempts,omitempty"`
	Since    *time.Time `json:"since,omitempty"`
}

func (g *generation) executorStatus() []ExecutorStatus {
	list := make([]ExecutorStatus, 0, len(g.outlets))
	for _, o := range g.outlets {
		s := ExecutorStatus{Name: o.Name(), Position: o.Position()}
		if t := o.Trouble(); t != nil {
			s.Error, s.Attempts, s.Since = t.Err.Error(), t.Attempts, &t.Since
		}
		list = append(list, s)
	}
	return list
}
