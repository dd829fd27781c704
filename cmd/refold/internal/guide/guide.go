// Package guide reads the command lines that a guide in Markdown shows, so that what runs
// them takes them from there, and the guide and its test cannot drift apart.
package guide

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Line is a line of a block that may be one of commands: of an indented block, or of a
// fenced one that is of a shell or of nothing.
type Line struct {
	Section string // the heading above it
	At      int    // its number in the file, from one
	Text    string // without a prompt before it, and without a comment behind it
}

var fence = regexp.MustCompile("^ *```(\\w*)")

// Lines are the lines of a guide's blocks, in their order.
func Lines(text string) (list []Line) {
	section, fenced, language := "", false, ""
	at := 0
	for line := range strings.Lines(text) {
		at++
		if m := fence.FindStringSubmatch(line); m != nil {
			fenced, language = !fenced, m[1]
			continue
		}
		if !fenced && strings.HasPrefix(line, "#") {
			section = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
		if fenced && !slices.Contains([]string{"", "sh", "bash", "console"}, language) || !fenced && !strings.HasPrefix(line, "    ") {
			continue
		}
		line, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "$ "), " #")
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, Line{section, at, line})
		}
	}
	return list
}

// Section are the lines under a heading of a file. There is one, or it is an error.
func Section(file, heading string) (list []string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for _, line := range Lines(string(text)) {
		if line.Section == heading {
			list = append(list, line.Text)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s shows no commands under %q", file, heading)
	}
	return list, nil
}
