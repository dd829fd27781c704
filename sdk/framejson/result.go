package framejson

import (
	"fmt"
	"slices"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
)

// Result is what a result frame says.
type Result struct {
	Rejected *Rejection    `json:"rejected,omitempty"` // nil: folded
	Groups   []GroupResult `json:"groups"`
	Effects  []Effect      `json:"effects"`
}

// Rejection is the event that a guest could not fold, and why.
type Rejection struct {
	Event  int  `json:"event"`
	Reason Text `json:"reason"`
}

// GroupResult is what became of a group.
type GroupResult struct {
	Group       int    `json:"group"`
	Disposition string `json:"disposition"` // "keep", "set" or "remove"
	State       *Text  `json:"state"`       // of a set
}

// Effect is one effect.
type Effect struct {
	Kind  string `json:"kind"`
	Level uint16 `json:"level"`
	Cause int    `json:"cause"` // index of the event in the batch
	Name  Text   `json:"name"`
	Key   Text   `json:"key"`
	Body  Text   `json:"body"`
}

// The names of dispositions and of kinds of effect, by their numbers.
var (
	dispositionNames = []string{"keep", "set", "remove"}
	effectNames      = append([]string{""}, manifest.EffectKinds...)
)

// OfResult reads a result into its description.
func OfResult(r frame.Result) Result {
	out := Result{Groups: []GroupResult{}, Effects: []Effect{}}
	if event, reason, ok := r.Rejected(); ok {
		out.Rejected = &Rejection{event, append(Text{}, reason...)}
		return out
	}
	for g := range r.Groups() {
		out.Groups = append(out.Groups, GroupResult{
			Group:       g.Group,
			Disposition: dispositionNames[g.Disposition],
			State:       optional(g.State, g.Disposition == frame.Set),
		})
	}
	for e := range r.Effects() {
		out.Effects = append(out.Effects, Effect{
			Kind: effectNames[e.Kind], Level: e.Level, Cause: e.Cause,
			Name: append(Text{}, e.Name...), Key: append(Text{}, e.Key...), Body: append(Text{}, e.Body...),
		})
	}
	return out
}

// Frame builds the frame that says r. A group that is kept is left out.
func (r Result) Frame() ([]byte, error) {
	var w frame.ResultWriter
	if r.Rejected != nil {
		return w.Reject(r.Rejected.Event, string(r.Rejected.Reason)), nil
	}
	w.Reset()
	for i, g := range r.Groups {
		switch {
		case g.Disposition == "set" && g.State != nil:
			w.SetState(g.Group, *g.State)
		case g.Disposition == "remove":
			w.RemoveState(g.Group)
		case g.Disposition != "keep":
			return nil, fmt.Errorf("group result %d: %q is no disposition, or lacks its state", i, g.Disposition)
		}
	}
	for i, e := range r.Effects {
		kind := slices.Index(effectNames, e.Kind)
		if kind < 1 {
			return nil, fmt.Errorf("effect %d: kind %q is unknown", i, e.Kind)
		}
		w.AddEffect(&frame.Effect{Kind: frame.EffectKind(kind), Level: e.Level, Cause: e.Cause, Name: e.Name, Key: e.Key, Body: e.Body})
	}
	return w.Finish(), nil
}
