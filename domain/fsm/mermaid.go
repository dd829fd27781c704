package fsm

import (
	"fmt"
	"strings"
)

// Mermaid draws the machine as a Mermaid state diagram. The label of an arrow
// is its input and, where describe is given and returns text, " / " and that
// text. States that are never left lead to the end.
func (m *Mealy[S, I, O]) Mermaid(describe func(O) string) string {
	ids, aliased := m.diagramIDs()
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	if aliased {
		for _, s := range m.table.States {
			fmt.Fprintf(&b, "    state \"%s\" as %s\n", diagramText(text(s)), ids[s])
		}
	}
	fmt.Fprintf(&b, "    [*] --> %s\n", ids[m.table.Initial])
	for _, t := range m.table.Transitions {
		label := text(t.Input)
		if describe != nil {
			if out := describe(t.Output); out != "" {
				label += " / " + out
			}
		}
		fmt.Fprintf(&b, "    %s --> %s : %s\n", ids[t.From], ids[t.To], diagramText(label))
	}
	for _, s := range m.table.States {
		if m.isTerminal(s) {
			fmt.Fprintf(&b, "    %s --> [*]\n", ids[s])
		}
	}
	return b.String()
}

// diagramIDs names the states in a diagram: by their own text where all texts
// are words, else by number.
func (m *Mealy[S, I, O]) diagramIDs() (ids map[S]string, aliased bool) {
	ids = make(map[S]string, len(m.table.States))
	taken := map[string]bool{}
	for _, s := range m.table.States {
		name := text(s)
		aliased = aliased || !isWord(name) || taken[name]
		taken[name] = true
		ids[s] = name
	}
	if aliased {
		for i, s := range m.table.States {
			ids[s] = fmt.Sprintf("s%d", i)
		}
	}
	return ids, aliased
}

func (m *Mealy[S, I, O]) isTerminal(s S) bool {
	for _, t := range m.table.Transitions {
		if t.From == s && t.To != s {
			return false
		}
	}
	return true
}

// isWord reports whether a text can stand as a Mermaid identifier. "state",
// "note" and the like are words of the diagram language.
func isWord(s string) bool {
	switch s {
	case "", "state", "note", "end", "as", "direction", "class", "classDef":
		return false
	}
	for _, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// diagramText keeps a text on one line and takes the characters out that end a
// label or a quoted name.
func diagramText(s string) string {
	return strings.NewReplacer("\n", " ", "\r", " ", `"`, "'", ";", ",").Replace(s)
}
