package refold_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite what docs/ARCHITECTURE.md shows of the import table")

const architecture = "docs/ARCHITECTURE.md"

// TestArchitectureShowsTheImports: the diagram and the table of parts are made from
// the import table. Each stands between two comments, and -update rewrites it.
func TestArchitectureShowsTheImports(t *testing.T) {
	kept, err := os.ReadFile(architecture)
	if err != nil {
		t.Fatal(err)
	}
	text := string(kept)
	for name, part := range map[string]string{"parts": partsDiagram(), "rules": partsTable()} {
		begin, end := "<!-- "+name+": made from the import table -->\n", "<!-- end of "+name+" -->\n"
		i, j := strings.Index(text, begin), strings.Index(text, end)
		if i < 0 || j < i {
			t.Fatalf("%s has no place for the %s", architecture, name)
		}
		text = text[:i+len(begin)] + part + text[j:]
	}
	if text == string(kept) {
		return
	}
	if !*update {
		t.Fatalf("%s does not show the import table: go test . -run Architecture -update", architecture)
	}
	if err := os.WriteFile(architecture, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// partsDiagram draws the top folders. Where not all of a folder may import another,
// the arrow names the packages that may.
func partsDiagram() string {
	var order []string
	who := map[[2]string][]string{}
	for _, rule := range mayImport {
		from := rootOf(rule.part)
		if !slices.Contains(order, from) {
			order = append(order, from)
		}
		for _, other := range rule.imports {
			if to := rootOf(other); to != from && !slices.Contains(who[[2]string{from, to}], rule.part) {
				who[[2]string{from, to}] = append(who[[2]string{from, to}], rule.part)
			}
		}
	}
	var b strings.Builder
	b.WriteString("```mermaid\nflowchart BT\n")
	for _, from := range order {
		for _, to := range order {
			arrow := [2]string{from, to}
			switch parts := who[arrow]; {
			case len(parts) == 0:
			case slices.Contains(parts, from):
				fmt.Fprintf(&b, "    %s --> %s\n", from, to)
			default:
				fmt.Fprintf(&b, "    %s -->|%s| %s\n", from, strings.Join(parts, "<br/>"), to)
			}
		}
	}
	b.WriteString("```\n")
	return b.String()
}

// partsTable is the import table as it is.
func partsTable() string {
	var b strings.Builder
	b.WriteString("| the packages in | may import, beside each other | because |\n|---|---|---|\n")
	for _, rule := range mayImport {
		imports := "nothing of ours"
		if len(rule.imports) > 0 {
			imports = "`" + strings.Join(rule.imports, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", rule.part, imports, rule.why)
	}
	return b.String()
}
