package projection

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/runtime"
)

// Outcome is what a run has made of its events.
type Outcome struct {
	// States are those of the keys of a keyed projection.
	States map[string][]byte
	// Answer is what a resident projection says of its state: see [Run.Outcome].
	Answer []byte
	// Effects stand in the order of the events that caused them.
	Effects []effect.Effect
	// Poison are the events that could not be folded, in their order.
	Poison []Poison
	// Filtered are the events that the projection does not want or that belong to
	// no key, in their order.
	Filtered []event.Position
}

// Poison is an event that could not be folded.
type Poison struct {
	Position event.Position
	// Rejected is true where that is the projection's own verdict, false where it
	// failed.
	Rejected bool
	// Code says how it failed; empty if it rejected the event.
	Code runtime.Code
	// Reason is the projection's or the host's, on one line.
	Reason string
}

// String returns what became of the event, such as "rejected: no lines".
func (p *Poison) String() string {
	if p.Rejected {
		return "rejected: " + p.Reason
	}
	return fmt.Sprintf("failed (%s): %s", p.Code, p.Reason)
}

// lines describe an outcome, one fact a line.
func (o *Outcome) lines() []string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(o.States)) {
		list = append(list, fmt.Sprintf("state of %q: %s", key, text(o.States[key])))
	}
	if o.Answer != nil {
		list = append(list, "state: "+text(o.Answer))
	}
	for i := range o.Effects {
		list = append(list, effectLine(&o.Effects[i]))
	}
	for i := range o.Poison {
		p := &o.Poison[i]
		verdict := p.String()
		if !p.Rejected { // a reason may say how the events were batched
			verdict = fmt.Sprintf("failed (%s)", p.Code)
		}
		list = append(list, fmt.Sprintf("event %d %s", p.Position, verdict))
	}
	return list
}

func effectLine(e *effect.Effect) string {
	line := fmt.Sprintf("event %d %s", e.Cause, e.Kind)
	if e.Kind == effect.Log {
		line += " " + e.Level.String()
	}
	if e.Name != "" {
		line += " " + e.Name
	}
	if e.Key != "" {
		line += fmt.Sprintf(" %q", e.Key)
	}
	if len(e.Body) > 0 {
		line += " " + text(e.Body)
	}
	return line
}

// text is bytes on one line.
func text(b []byte) string {
	if bytes.ContainsFunc(b, func(c rune) bool { return c < ' ' || c == '\uFFFD' }) {
		return fmt.Sprintf("%q", b)
	}
	return string(b)
}

// difference says how two outcomes differ, as a unified diff; it is empty if they
// are the same.
func difference(nameA string, a *Outcome, nameB string, b *Outcome) string {
	return lineDifference(nameA, a.lines(), nameB, b.lines())
}

func lineDifference(nameA string, a []string, nameB string, b []string) string {
	if slices.Equal(a, b) {
		return ""
	}
	join := func(lines []string) []byte { return []byte(strings.Join(append(lines, ""), "\n")) }
	text := string(diff.Diff(nameA, join(a), nameB, join(b)))
	_, text, _ = strings.Cut(text, "\n") // the command that would show it
	return strings.TrimSuffix(text, "\n")
}
