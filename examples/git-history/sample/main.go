// Command sample writes the history of this project as events, in the import
// format, to standard output: a commit_recorded for each commit, and a
// file_added, file_modified or file_deleted for each file that it changed.
//
// Run it in a clone. The same history gives the same bytes: ids are UUIDs of
// version 5, and authors are hashed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sample:", err)
		os.Exit(1)
	}
}

// run writes the events of the git log that args select.
func run(to io.Writer, args []string) error {
	args = append([]string{
		"-c", "log.showSignature=false", "log", "--no-merges", "--reverse", "--topo-order", "--no-renames", "--raw", "--numstat", "-z", "--no-abbrev",
		"--format=" + marker + "%H%x00%aI%x00%ae%x00",
	}, args...)
	cmd := exec.Command("git", args...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("reading the history: %w", err)
	}
	commits, err := parseLog(text)
	if err != nil {
		return fmt.Errorf("reading the history: %w", err)
	}
	out := bufio.NewWriter(to)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for _, c := range commits {
		for _, e := range c.events() {
			if err := enc.Encode(e); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}
