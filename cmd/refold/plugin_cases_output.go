package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/runtime/plugintest"
)

func writeJUnit(path string, run []caseFile) error {
	if path == "" {
		return nil
	}
	var files []plugintest.Ran
	for _, f := range run {
		ran := plugintest.Ran{File: f.path, Results: f.results}
		if len(f.wrong) > 0 {
			ran.Err = f.wrong
		}
		files = append(files, ran)
	}
	text, err := plugintest.JUnit(files)
	if err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	return replaceFile(path, text)
}

// caseLine is a case for machines.
type caseLine struct {
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Name     string        `json:"name"`
	Passed   bool          `json:"passed"`
	Failures []caseFailure `json:"failures,omitempty"`
}

type caseFailure struct {
	What string `json:"what"`
	Line int    `json:"line"`
	Diff string `json:"diff"`
}

// failedError is a command that ran and has said itself what is wrong.
type failedError struct{ text string }

func (e *failedError) Error() string { return e.text }

// caseLines lists the cases of files that have been run.
func caseLines(run []caseFile) (list []caseLine, failed int) {
	list = []caseLine{}
	for _, f := range run {
		for i := range f.results {
			r := &f.results[i]
			line := caseLine{File: r.Pos.File, Line: r.Pos.Line, Name: r.Name, Passed: r.Passed()}
			for _, x := range r.Failures {
				line.Failures = append(line.Failures, caseFailure{x.What, x.Pos.Line, x.Text})
			}
			if !line.Passed {
				failed++
			}
			list = append(list, line)
		}
	}
	return list, failed
}

// wrongFiles are the mistakes in files; nil if there are none.
func wrongFiles(run []caseFile) error {
	var all config.Errors
	for _, f := range run {
		all = append(all, f.wrong...)
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// failedCases is nil if none failed.
func failedCases(failed, of int) error {
	if failed == 0 {
		return nil
	}
	return &failedError{fmt.Sprintf("%d of %s failed", failed, counted(of, "case"))}
}

func (a *app) printCases(run []caseFile) error {
	list, failed := caseLines(run)
	err := wrongFiles(run)
	if err == nil {
		err = failedCases(failed, len(list))
	}
	if a.json {
		return errors.Join(a.printJSON(map[string]any{"passed": len(list) - failed, "failed": failed, "cases": list}), err)
	}
	for _, f := range run {
		a.printFile(f)
	}
	if err == nil {
		fmt.Fprintln(a.out, counted(len(list), "case"), "passed")
	}
	return err
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func (a *app) printFile(f caseFile) {
	if f.updated {
		fmt.Fprintf(a.out, "%s is updated\n", f.path)
	}
	for i := range f.results {
		r := &f.results[i]
		if r.Passed() {
			fmt.Fprintf(a.out, "ok    %s\n", r.Name)
			continue
		}
		fmt.Fprintf(a.out, "FAIL  %s (%s:%d)\n", r.Name, r.Pos.File, r.Pos.Line)
		for _, x := range r.Failures {
			fmt.Fprintf(a.out, "      %s:%d: %s\n", x.Pos.File, x.Pos.Line, x.What)
			for _, line := range strings.Split(x.Text, "\n") {
				fmt.Fprintf(a.out, "        %s\n", line)
			}
		}
	}
}
