package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/runtime/plugintest"
	"github.com/refold-dev/refold/runtime/projection"
)

// caseOptions are the flags of plugin test.
type caseOptions struct {
	module, junit string
	fuel          int64
	update        bool
	// built is a module that stands for one of the same name; it is no flag.
	built string
}

func (a *app) pluginTestCommand() *cobra.Command {
	var o caseOptions
	c := &cobra.Command{
		Use:   "test [FILE.yaml|DIR]…",
		Short: "Run given/when/then cases against a projection, in any language",
		Long: `Run given/when/then cases against a projection, in any language.

A file names its module and has cases: events that are given, events when
something happens, and then the state, the effects, or why an event is rejected.
The events of each case are folded in other batches, with other instances and key
by key, too: the outcome has to be the same. Of a folder, this one if none is
named, all files *_test.yaml are run. docs/WRITING_PROJECTIONS.md has the whole of
it.`,
		Example: `  refold plugin test
  refold plugin test orders_test.yaml --update
  refold plugin test cases --module build/orders.wasm --junit results.xml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFuel(cmd, o.fuel); err != nil {
				return err
			}
			if len(args) == 0 {
				args = []string{"."}
			}
			return a.testPlugin(cmd.Context(), args, o)
		},
	}
	c.Flags().StringVar(&o.module, "module", "", "the module's `file`, in the place of the one that the cases name")
	c.Flags().BoolVar(&o.update, "update", false, "write what the projection gives into the cases, under then:")
	fuelFlag(c, &o.fuel)
	c.Flags().StringVar(&o.junit, "junit", "", "write the results to a `file` as JUnit XML")
	return c
}

// caseFile is a file of cases that has been run, or could not be: then wrong says
// why.
type caseFile struct {
	path    string
	results []plugintest.Result
	updated bool
	wrong   config.Errors
}

func (a *app) testPlugin(ctx context.Context, paths []string, o caseOptions) (err error) {
	files, err := caseFiles(paths)
	if err != nil {
		return err
	}
	parts, err := a.openPlugins(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close(context.WithoutCancel(ctx))) }()
	run := make([]caseFile, len(files))
	for i, file := range files {
		if run[i], err = runCases(ctx, parts, file, o); err != nil {
			return err
		}
	}
	if err := writeJUnit(o.junit, run); err != nil {
		return err
	}
	return a.printCases(run)
}

// caseFiles are the files that paths name: themselves, or those in folders.
func caseFiles(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, &config.Error{Pos: config.Pos{File: path}, Message: "there is no such file or folder", Hint: "name a file of cases, or a folder with *" + config.CasesSuffix}
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		before := len(files)
		err = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.HasSuffix(file, config.CasesSuffix) {
				files = append(files, file)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("looking for cases: %w", err)
		}
		if len(files) == before {
			return nil, &config.Error{Pos: config.Pos{File: path}, Message: "the folder has no *" + config.CasesSuffix}
		}
	}
	return files, nil
}

// runCases runs a file. What is wrong with it, or with its module, is in the
// caseFile.
func runCases(ctx context.Context, parts *parts, file string, o caseOptions) (caseFile, error) {
	out, err := tryCases(ctx, parts, file, o)
	var list config.Errors
	var one *config.Error
	switch {
	case errors.As(err, &list):
	case errors.As(err, &one):
		list = config.Errors{one}
	default:
		return out, err
	}
	return caseFile{path: file, wrong: list}, nil
}

func tryCases(ctx context.Context, parts *parts, file string, o caseOptions) (caseFile, error) {
	s, err := plugintest.Load(file)
	if err != nil {
		return caseFile{}, err
	}
	p, err := caseProjection(ctx, parts, s, o)
	if err != nil {
		return caseFile{}, err
	}
	results, err := s.Run(ctx, p)
	if err != nil || !o.update {
		return caseFile{path: file, results: results}, err
	}
	return updateCases(ctx, p, file, s, results)
}

func caseProjection(ctx context.Context, parts *parts, s *plugintest.Suite, o caseOptions) (*projection.Projection, error) {
	module, at := s.Module, s.Where("module")
	switch {
	case o.module != "":
		module, at = o.module, config.Pos{File: o.module}
	case o.built != "" && filepath.Base(o.built) == filepath.Base(module):
		module = o.built
	}
	if module == "" {
		return nil, &config.Error{Pos: s.Where(""), Message: "the file names no module", Hint: "add `module: FILE.wasm`, relative to this file, or give --module"}
	}
	t, err := parts.tried(ctx, module, s.Key, cmp.Or(o.fuel, s.FuelPerEvent))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &config.Error{Pos: at, Message: "there is no file " + relative(module), Hint: "build it first: refold plugin build " + relative(filepath.Dir(module))}
	}
	if err != nil {
		return nil, placed(err, at)
	}
	return t.Projection, nil
}

// updateCases rewrites a file and runs it again: what is left is what an update
// does not mend.
func updateCases(ctx context.Context, p *projection.Projection, file string, s *plugintest.Suite, results []plugintest.Result) (caseFile, error) {
	text, err := s.Update(p, results)
	if err != nil {
		return caseFile{}, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return caseFile{}, err
	}
	before, err := os.ReadFile(file)
	if err != nil || string(before) == string(text) {
		return caseFile{path: file, results: results}, err
	}
	if err := writeWhole(file, text, info.Mode().Perm()); err != nil {
		return caseFile{}, err
	}
	if s, err = plugintest.Parse(file, text); err != nil {
		return caseFile{}, err
	}
	results, err = s.Run(ctx, p)
	return caseFile{path: file, results: results, updated: true}, err
}

// writeWhole replaces a file, or leaves it as it is.
func writeWhole(file string, text []byte, mode fs.FileMode) (err error) {
	fresh, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(fresh.Name()))
		}
	}()
	_, err = fresh.Write(text)
	if err := errors.Join(err, fresh.Chmod(mode), fresh.Close()); err != nil {
		return err
	}
	return os.Rename(fresh.Name(), file)
}
