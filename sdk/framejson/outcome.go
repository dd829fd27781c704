package framejson

import (
	"fmt"
	"slices"

	"github.com/refold-dev/refold/sdk/frame"
)

// Outcome is what an executor says of a batch of effects.
type Outcome struct {
	Status    string `json:"status"` // "performed", "retry", "poison" or "fatal"
	Performed int    `json:"performed"`
	Poison    int    `json:"poison"`
	After     uint32 `json:"after"` // milliseconds
	Text      Text   `json:"text"`
}

// statusNames are the names of statuses, by their numbers.
var statusNames = []string{"performed", "retry", "poison", "fatal"}

// OfOutcome returns an outcome's description.
func OfOutcome(o frame.Outcome) Outcome {
	return Outcome{Status: statusNames[o.Status], Performed: o.Performed, Poison: o.Poison, After: o.After, Text: append(Text{}, o.Text...)}
}

// Frame builds the frame that says o.
func (o Outcome) Frame() ([]byte, error) {
	status := slices.Index(statusNames, o.Status)
	if status < 0 {
		return nil, fmt.Errorf("status %q is unknown", o.Status)
	}
	return frame.AppendOutcome(nil, &frame.Outcome{Status: frame.Status(status), Performed: o.Performed, Poison: o.Poison, After: o.After, Text: o.Text}), nil
}
