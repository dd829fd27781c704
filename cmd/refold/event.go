package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore/jsonl"
)

func (a *app) eventCommand() *cobra.Command {
	return a.group("event", "Look at the log, bring events into it and out of it", a.listCommand(), a.traceCommand(), a.appendCommand(), a.importCommand(), a.exportCommand(), a.verifyCommand())
}

func (a *app) importCommand() *cobra.Command {
	var skipBad bool
	c := &cobra.Command{
		Use:   "import FILE.jsonl[.gz]",
		Short: "Append the events of a JSON Lines file to the log",
		Long: `Append the events of a JSON Lines file, plain or gzip, to the log. "-" reads
standard input.

Each line is one event:

  {"id", "aggregate_type", "aggregate_id", "type", "time", "correlation_id",
   "causation_id", "data", "schema_version"?, "metadata"?}

In place of "aggregate_type" and "aggregate_id" it may have "stream", the name of
a stream of another event store, such as "shoppingCart-42": the id is then made
from the name, which is kept in the metadata.

An event that the log has already is left out, so importing a file again changes
nothing. A bad line ends the import: all lines before it are stored, none behind
it. With --skip-bad it is left out and reported. A line with the id of another
event is a bad one. Times are stored in UTC, whatever their offset.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.importEvents(cmd.Context(), args[0], skipBad)
		},
	}
	c.Flags().BoolVar(&skipBad, "skip-bad", false, "leave bad lines out, and report them")
	return c
}

func (a *app) importEvents(ctx context.Context, path string, skipBad bool) (err error) {
	in, err := a.openInput(ctx, path)
	if err != nil {
		return err
	}
	defer in.Close()
	s, err := a.open(ctx, opening{}, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	bulk, err := s.store.Bulk(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bulk.Close()) }()
	bar := a.bar(-1, "importing")
	report, err := jsonl.Import(ctx, in, bulk, jsonl.Options{
		SkipBad:  skipBad,
		Progress: func(r jsonl.Report) { _ = bar.Set64(int64(r.Lines)) },
	})
	_ = bar.Finish()
	var bad *jsonl.LineError
	switch {
	case ctx.Err() != nil:
		return &hinted{errors.New("the import has been interrupted"), hintAgain}
	case err == nil:
		return a.printReport(report)
	case errors.As(err, &bad):
		return errors.Join(badLine(path, bad, skipBad), a.printReport(report))
	}
	return &hinted{err, hintAgain}
}

// hintAgain is for an import that ended where the report cannot tell what has
// been stored.
const hintAgain = "import it again: what has been stored already is left out"

func badLine(path string, bad *jsonl.LineError, skipBad bool) error {
	hint := "all lines before it are stored; mend it and import the file again, or leave bad lines out with --skip-bad"
	var broken *jsonl.BrokenOffError
	if skipBad || errors.As(bad, &broken) { // so it is no bad line, but the input's end
		hint = "all lines before it are stored; get the whole file and import it again"
	}
	return &config.Error{Pos: config.Pos{File: path, Line: bad.Line, Column: 1}, Message: bad.Err.Error(), Hint: hint}
}

func (a *app) openInput(ctx context.Context, path string) (io.ReadCloser, error) {
	if path == "-" {
		return interruptible(ctx, a.in), nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &config.Error{Pos: config.Pos{File: path}, Message: "there is no such file", Hint: "name a file of events as JSON, or - for standard input"}
	case err == nil && info.IsDir():
		return nil, &config.Error{Pos: config.Pos{File: path}, Message: "a folder, not a file of events", Hint: "import its files one by one"}
	}
	return os.Open(path)
}

// interruptible ends a read that waits for input, as from a terminal or a pipe,
// when ctx does.
func interruptible(ctx context.Context, in io.Reader) io.ReadCloser {
	r, w := io.Pipe()
	stop := context.AfterFunc(ctx, func() { _ = w.CloseWithError(ctx.Err()) })
	go func() {
		defer stop()
		_, err := io.Copy(w, in)
		_ = w.CloseWithError(err)
	}()
	return r
}

func (a *app) printReport(r jsonl.Report) error {
	if a.json {
		return a.printJSON(reportJSON(r))
	}
	fmt.Fprintf(a.out, "%d events stored, %d already there, %d lines left out\n", r.Stored, r.Duplicates, r.Bad)
	for _, bad := range r.BadLines {
		fmt.Fprintf(a.out, "  line %d: %s\n", bad.Line, bad.Err)
	}
	return nil
}

// importReport is an import's report for machines.
type importReport struct {
	Lines      int         `json:"lines"`
	Stored     int         `json:"stored"`
	Duplicates int         `json:"duplicates"`
	Bad        int         `json:"bad"`
	BadLines   []errorLine `json:"bad_lines,omitempty"`
}

func reportJSON(r jsonl.Report) importReport {
	out := importReport{Lines: r.Lines, Stored: r.Stored, Duplicates: r.Duplicates, Bad: r.Bad}
	for _, bad := range r.BadLines {
		out.BadLines = append(out.BadLines, errorLine{Message: bad.Err.Error(), Line: bad.Line})
	}
	return out
}

func (a *app) exportCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "export",
		Short: "Write all events of the log, as they are stored, as JSON Lines, which import reads",
		Args:  args(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.exportEvents(cmd.Context(), path) },
	}
	c.Flags().StringVarP(&path, "output", "o", "", "write to a new `file` instead of standard output, which - names too; .gz compresses")
	return c
}

func (a *app) exportEvents(ctx context.Context, path string) (err error) {
	s, err := a.openExisting(ctx, opening{unheard: true}, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if path == "" || path == "-" {
		_, err := jsonl.Export(ctx, s.log, a.out, jsonl.ExportOptions{})
		return err
	}
	n, err := exportFile(ctx, s.log, path)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"events": n, "file": path})
	}
	_, err = fmt.Fprintf(a.out, "%d events written to %s\n", n, path)
	return err
}

// exportFile writes a new file whole or not at all; or to what is there and is no
// file, such as a pipe.
func exportFile(ctx context.Context, log jsonl.Log, path string) (n int, err error) {
	zip := jsonl.ExportOptions{Gzip: strings.HasSuffix(path, ".gz")}
	exists := &fs.PathError{Op: "open", Path: path, Err: fs.ErrExist}
	switch info, err := os.Stat(path); {
	case err != nil:
		return exportNew(ctx, log, path, zip)
	case info.IsDir():
		return 0, &hinted{exists, "it is a folder: name a new file"}
	case info.Mode().IsRegular():
		return 0, &hinted{exists, "name a new file, or remove that one first"}
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	n, err = jsonl.Export(ctx, log, f, zip)
	return n, errors.Join(err, f.Close())
}

// exportNew gives the file its name when all of it is on the disk: a process that is
// killed leaves nothing that could be taken for a backup.
func exportNew(ctx context.Context, log jsonl.Log, path string, options jsonl.ExportOptions) (n int, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return 0, err
	}
	n, err = jsonl.Export(ctx, log, f, options)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return n, err
}
