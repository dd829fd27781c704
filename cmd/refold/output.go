package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/refold-dev/refold/engine/config"
)

// hinted is an error with advice.
type hinted struct {
	err  error
	hint string
}

func (e *hinted) Error() string { return e.err.Error() }
func (e *hinted) Unwrap() error { return e.err }

// errorLine is an error for machines.
type errorLine struct {
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

func errorLines(err error) []errorLine {
	var list config.Errors
	var one *config.Error
	switch {
	case errors.As(err, &list):
	case errors.As(err, &one):
		list = config.Errors{one}
	default:
		return []errorLine{{Message: err.Error(), Hint: adviceOn(err)}}
	}
	lines := make([]errorLine, len(list))
	for i, e := range list {
		lines[i] = errorLine{e.Message, e.File, e.Line, e.Column, e.Hint}
	}
	return lines
}

// printError writes an error to standard error: with --json one object.
func (a *app) printError(err error) {
	if a.json {
		_ = json.NewEncoder(a.err).Encode(map[string]any{"errors": errorLines(err)})
		return
	}
	for _, line := range errorLines(err) {
		text := line.Message
		if line.File != "" {
			text = config.Pos{File: line.File, Line: line.Line, Column: line.Column}.String() + ": " + text
		}
		fmt.Fprintln(a.err, coloured(a.err, red, "refold:"), printable(text))
		if line.Hint != "" {
			fmt.Fprintln(a.err, "  hint:", printable(line.Hint))
		}
	}
}

// printable is a text that others may have written, such as an event's or an engine's
// elsewhere, with what a terminal would take for orders made visible.
func printable(text string) string {
	if !strings.ContainsFunc(text, isOrder) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if isOrder(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isOrder(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

// printJSON writes v on one line.
func (a *app) printJSON(v any) error { return json.NewEncoder(a.out).Encode(v) }

// table writes rows in columns; the first row is the heading. A column with a cell in a
// colour is in colours, if those are wanted: the codes of all are equally long, so that
// the columns stay straight.
func (a *app) table(rows [][]any) error {
	inColours := map[int]bool{}
	for _, row := range rows {
		for i, cell := range row {
			if _, is := cell.(tinted); is && coloursOn(a.out) {
				inColours[i] = true
			}
		}
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			text := printable(fmt.Sprint(cell))
			if inColours[i] {
				text = tint(cell)
			}
			fmt.Fprint(w, text)
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// terminal is standard error if that is a terminal that somebody looks at, or
// nothing.
func (a *app) terminal() io.Writer {
	if isTerminal(a.err) && !a.json {
		return a.err
	}
	return io.Discard
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// bar is a progress bar on standard error if that is a terminal, or nothing.
func (a *app) bar(total int64, what string) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(a.terminal()),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("events"),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetSpinnerChangeInterval(0), // or a goroutine of its own races with ours
		progressbar.OptionClearOnFinish(),
	)
}
