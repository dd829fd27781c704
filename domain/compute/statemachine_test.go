package compute_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/compute"
)

const stateMachineGuide = "../../docs/STATE_MACHINE.md"

// TestStateMachineGuide: what the guide shows of the lifecycle is made from its
// table. Each part stands between two comments, and -update rewrites it.
func TestStateMachineGuide(t *testing.T) {
	kept, err := os.ReadFile(stateMachineGuide)
	if err != nil {
		t.Fatal(err)
	}
	text := string(kept)
	for name, part := range map[string]string{"diagram": diagram(), "cells": cellTable(), "pairs": pairTable(), "warnings": warningTable()} {
		begin, end := "<!-- "+name+": made from the table -->\n", "<!-- end of "+name+" -->\n"
		i, j := strings.Index(text, begin), strings.Index(text, end)
		if i < 0 || j < i {
			t.Fatalf("the guide has no place for the %s", name)
		}
		text = text[:i] + begin + part + text[j:]
	}
	if *update {
		if err := os.WriteFile(stateMachineGuide, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(kept), text); diff != "" {
		t.Errorf("the guide is not what the table says; go test ./domain/compute -update mends it (-guide +table):\n%s", diff)
	}
}

func diagram() string {
	return "```mermaid\n" + compute.NewLifecycle().Mermaid(func(out compute.LifecycleOutput) string {
		var words []string
		for _, w := range out.Warnings {
			words = append(words, string(w.Code))
		}
		if out.Critical {
			words = append(words, "critical")
		}
		return strings.Join(words, ", ")
	}) + "```\n"
}

// cellTable is a row for each status, a column for each input.
func cellTable() string {
	m := compute.NewLifecycle()
	var b strings.Builder
	b.WriteString("| |")
	for _, in := range m.Inputs() {
		fmt.Fprintf(&b, " %s |", in)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(m.Inputs())) + "\n")
	for _, s := range m.States() {
		fmt.Fprintf(&b, "| **%s** |", s)
		for _, in := range m.Inputs() {
			to, _, err := m.Step(s, in)
			cell := to.String()
			if err != nil {
				cell = refusalOf(err)
			}
			if err == nil && to == s {
				cell = "stays"
			}
			fmt.Fprintf(&b, " %s |", cell)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func pairTable() string {
	var b strings.Builder
	b.WriteString("| from \\ to |")
	for _, to := range compute.Statuses() {
		fmt.Fprintf(&b, " %s |", to)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(compute.Statuses())) + "\n")
	for _, from := range compute.Statuses() {
		fmt.Fprintf(&b, "| **%s** |", from)
		for _, to := range compute.Statuses() {
			cell := " |"
			switch {
			case from == to:
				cell = " stays |"
			case from.CanBecome(to):
				cell = " yes |"
			}
			b.WriteString(cell)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func warningTable() string {
	m := compute.NewLifecycle()
	var b strings.Builder
	b.WriteString("| code | when | critical |\n|---|---|---|\n")
	for _, s := range m.States() {
		for _, in := range m.Inputs() {
			_, out, err := m.Step(s, in)
			if err != nil {
				continue
			}
			for _, w := range out.Warnings {
				critical := "no"
				if out.Critical {
					critical = "yes"
				}
				fmt.Fprintf(&b, "| `%s` | %s, %s | %s |\n", w.Code, s, in, critical)
			}
		}
	}
	return b.String()
}
