package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestShownCommandsParse: each command that a help text, the README or a guide shows
// is there, with its flags and as many arguments as it takes.
func TestShownCommandsParse(t *testing.T) {
	shown := map[string]string{}
	collect := func(where, text string) {
		for line := range strings.Lines(text) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
			if strings.HasPrefix(line, "refold ") && !strings.ContainsAny(line, "'\"|>&`…[{") {
				shown[strings.TrimSpace(line)] = where
			}
		}
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		collect(c.CommandPath()+" --help", c.Example)
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk((&app{}).root())
	inHelp := len(shown)
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "../../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		collect(file, string(text))
	}
	if inHelp < 8 || len(shown) < inHelp+20 {
		t.Errorf("%d commands are found in help texts, and %d in all", inHelp, len(shown))
	}
	for line, where := range shown {
		if err := parses(strings.Fields(line)[1:]); err != nil {
			t.Errorf("%s shows %q: %v", where, line, err)
		}
	}
}

// parses is how a command line comes to the command that it runs.
func parses(args []string) error {
	root := (&app{out: io.Discard, err: io.Discard}).root()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	takesAny := cmd.ValidateArgs(make([]string, 99)) == nil // it says itself what it does not know
	if cmd.HasSubCommands() && cmd.Flags().NArg() > 0 && takesAny {
		return cmd.RunE(cmd, cmd.Flags().Args())
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}
