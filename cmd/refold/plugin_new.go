package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/sdk/language"
	"github.com/refold-dev/refold/sdk/scaffold"
)

func (a *app) pluginNewCommand() *cobra.Command {
	var lang string
	c := &cobra.Command{
		Use:   "new --lang LANGUAGE NAME",
		Short: "Make a project of a projection that builds and runs at once",
		Long: "Make the folder NAME with a projection, its cases, sample events, a pipeline that runs it into\n" +
			"SQLite, and the language's kit, so that it builds without a network. NAME may be a path.",
		Example: "  refold plugin new --lang go orders\n  refold plugin new --lang rust projections/orders",
		Args:    args(cobra.ExactArgs(1)),
		RunE:    func(_ *cobra.Command, args []string) error { return a.pluginNew(lang, args[0]) },
	}
	languageFlag(c, &lang, scaffold.Languages())
	return c
}

// languageFlag gives a command its --lang.
func languageFlag(c *cobra.Command, lang *string, known []language.Language) {
	c.Flags().StringVar(lang, "lang", "", "`language`: "+strings.Join((&language.UnknownError{Known: known}).Names(), ", "))
}

// parseLanguage is the language of --lang.
func parseLanguage(name string, known []language.Language) (language.Language, error) {
	lang, err := language.Parse(name, known)
	var unknown *language.UnknownError
	if !errors.As(err, &unknown) {
		return lang, err
	}
	if name == "" {
		return "", &usageError{fmt.Errorf("no language: name it with --lang, one of %s", strings.Join(unknown.Names(), ", "))}
	}
	return "", &usageError{fmt.Errorf("%w, %s", err, config.Closest(name, unknown.Names()))}
}

func (a *app) pluginNew(langName, dir string) error {
	lang, err := parseLanguage(langName, scaffold.Languages())
	if err != nil {
		return err
	}
	files, err := scaffold.New(filepath.Clean(dir), lang)
	var name *scaffold.NameError
	var occupied *scaffold.OccupiedError
	switch {
	case errors.As(err, &name):
		return &usageError{fmt.Errorf("%w: use a-z, 0-9 and _, starting with a letter, at most 63", err)}
	case errors.As(err, &occupied):
		return &hinted{err, "name another folder, or remove what is there"}
	case err != nil:
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"language": lang, "dir": dir, "files": files})
	}
	fmt.Fprintf(a.out, "made %s, a projection in %s: %d files\nnext:\n", dir, lang.Title(), len(files))
	for _, step := range []string{"cd " + dir, scaffold.Prepare(lang), "refold plugin build", "refold plugin test", "refold dev"} {
		if step != "" {
			fmt.Fprintln(a.out, " ", step)
		}
	}
	return nil
}
