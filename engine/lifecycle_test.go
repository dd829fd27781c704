package engine_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/fsm"
	"github.com/refold-dev/refold/engine"
)

var update = flag.Bool("update", false, "rewrite what the guide shows of the lifecycle")

// asked are the inputs that operators give.
var asked = []engine.Input{"pause", "resume", "replay", "rollback", "reset"}

// What an operator asks for is done, or refused with a reason.
func TestEveryAnswerToAnOperatorHasAReason(t *testing.T) {
	m := engine.NewLifecycle()
	for _, s := range m.States() {
		for _, in := range asked {
			_, _, err := m.Step(s, in)
			var rule *fsm.BusinessRuleError
			if err != nil && (!errors.As(err, &rule) || rule.Rule == "" || rule.Reason == "") {
				t.Errorf("%s in %s: %v", in, s, err)
			}
		}
	}
}

func TestTheLifecyclesTable(t *testing.T) {
	m := engine.NewLifecycle()
	if got := m.Unreachable(); len(got) != 0 {
		t.Errorf("unreachable: %v", got)
	}
	for _, s := range m.States() {
		if left := m.Output(s); m.Output(left) != left {
			t.Errorf("of %s the next process finds %s, and the one after it %s", s, left, m.Output(left))
		}
		leaves := slices.ContainsFunc(m.ValidInputs(s), func(in engine.Input) bool {
			to, _, _ := m.Step(s, in)
			return to != s
		})
		if !leaves {
			t.Errorf("%s is never left", s)
		}
	}
	// Nothing but an operator ends a pause, and nothing of the engine's own begins one.
	for _, in := range m.Inputs() {
		to, _, err := m.Step(engine.Paused, in)
		if err == nil && to != engine.Paused && !slices.Contains(asked, in) {
			t.Errorf("%s ends a pause", in)
		}
		for _, s := range m.States() {
			if to, _, err := m.Step(s, in); err == nil && to == engine.Paused && s != to && in != "pause" {
				t.Errorf("%s in %s begins a pause", in, s)
			}
		}
	}
}

const lifecycleGuide = "../docs/OPERATING.md"

// TestLifecycleGuide: what the guide shows of the lifecycle is made from its
// table. Each part stands between two comments, and -update rewrites it.
func TestLifecycleGuide(t *testing.T) {
	kept, err := os.ReadFile(lifecycleGuide)
	must(t, err)
	text := string(kept)
	for name, part := range map[string]string{"diagram": lifecycleDiagram(), "cells": lifecycleCells()} {
		begin, end := "<!-- "+name+": made from the table -->\n", "<!-- end of "+name+" -->\n"
		i, j := strings.Index(text, begin), strings.Index(text, end)
		if i < 0 || j < i {
			t.Fatalf("the guide has no place for the %s", name)
		}
		text = text[:i] + begin + part + text[j:]
	}
	if *update {
		must(t, os.WriteFile(lifecycleGuide, []byte(text), 0o644))
		return
	}
	if diff := cmp.Diff(string(kept), text); diff != "" {
		t.Errorf("the guide is not what the table says; go test ./engine -run Guide -update mends it (-guide +table):\n%s", diff)
	}
}

func lifecycleDiagram() string {
	return "```mermaid\n" + engine.NewLifecycle().Mermaid(nil) + "```\n"
}

// lifecycleCells is a row for each state, a column for each input of an
// operator, and one for what the next process finds.
func lifecycleCells() string {
	m := engine.NewLifecycle()
	var b strings.Builder
	b.WriteString("| |")
	for _, in := range asked {
		fmt.Fprintf(&b, " %s |", in)
	}
	b.WriteString(" left by an engine that ends |\n|---|" + strings.Repeat("---|", len(asked)+1) + "\n")
	for _, s := range m.States() {
		fmt.Fprintf(&b, "| **%s** |", s)
		for _, in := range asked {
			to, _, err := m.Step(s, in)
			var rule *fsm.BusinessRuleError
			cell := string(to)
			switch {
			case errors.As(err, &rule):
				cell = "`" + rule.Rule + "`"
			case err != nil:
				cell = "invalid"
			case to == s:
				cell = "stays"
			}
			fmt.Fprintf(&b, " %s |", cell)
		}
		fmt.Fprintf(&b, " %s |\n", m.Output(s))
	}
	return b.String()
}
