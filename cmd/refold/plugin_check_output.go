package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/refold-dev/refold/runtime/plugincheck"
)

// lawLine is a law for machines.
type lawLine struct {
	Law     string `json:"law"`
	Says    string `json:"says"`
	Holds   bool   `json:"holds"`
	Skipped string `json:"skipped,omitempty"` // why it was not tried
	Logs    int    `json:"logs"`
	Events  int    `json:"events"`
	Breach  string `json:"breach,omitempty"`
}

func (a *app) printCheck(r *plugincheck.Report, t tried, cases string) error {
	var err error
	broken := 0
	lines := make([]lawLine, len(r.Laws))
	for i := range r.Laws {
		v := &r.Laws[i]
		lines[i] = lawLine{v.Law, v.Says, v.Breach == "" && v.Skipped == "", v.Skipped, v.Logs, v.Events, v.Breach}
		if v.Breach != "" {
			broken++
		}
	}
	if broken > 0 {
		err = &failedError{fmt.Sprintf("%d laws are broken", broken)}
		if broken == 1 {
			err = &failedError{"a law is broken"}
		}
	}
	if a.json {
		return errors.Join(a.printJSON(map[string]any{"holds": broken == 0, "laws": lines, "cases": cases, "unseen": r.Unseen, "growth": r.Growth, "pipeline": t.from(),
			"tried": map[string]int{"events": r.Tried.Events, "filtered": r.Tried.Filtered, "rejected": r.Tried.Rejected, "failed": r.Tried.Failed, "effects": r.Tried.Effects}}), err)
	}
	for i := range lines {
		printLaw(a.out, &lines[i])
	}
	if t := r.Tried; t.Events > 0 {
		fmt.Fprintf(a.out, "of the first %d events %d were rejected, %d failed and %d were left out; the others had %d effects\n", t.Events, t.Rejected, t.Failed, t.Filtered, t.Effects)
	}
	if from := t.from(); from != "" {
		fmt.Fprintf(a.out, "tried with the key and the limits of the pipeline at %s\n", from)
	}
	if r.Unseen {
		fmt.Fprintln(a.out, "it does not answer for its state, which is seen by its effects alone: an answer to the empty query would show it")
	}
	if r.Growth != "" {
		fmt.Fprintln(a.out, r.Growth)
	}
	if cases != "" {
		fmt.Fprintf(a.out, "\n# For a file of cases; refold plugin test FILE fails as long as the laws are broken.\n%s", cases)
	}
	return err
}

func printLaw(out io.Writer, l *lawLine) {
	mark, tried := "✓", counted(l.Logs, "log")+", "+counted(l.Events, "event")
	if l.Logs == 0 {
		tried = "by its declarations"
	}
	switch {
	case l.Skipped != "":
		mark, tried = "–", "not tried: "+l.Skipped
	case l.Breach != "":
		mark = "✗"
	}
	fmt.Fprintf(out, "%s %-12s %s (%s)\n", mark, l.Law, l.Says, tried)
	if l.Breach != "" {
		fmt.Fprintf(out, "    %s\n", strings.ReplaceAll(l.Breach, "\n", "\n    "))
	}
}
