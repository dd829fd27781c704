package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/engine/job"
	"github.com/refold-dev/refold/eventstore"
)

// historyLimit is how many transitions are shown if nobody says.
const historyLimit = 50

func (a *app) statusCommand() *cobra.Command {
	var history, disk bool
	var limit int
	var watch time.Duration
	c := &cobra.Command{
		Use:   "status [PIPELINE]",
		Short: "Show where each pipeline is, or one; or what has become of it",
		Args:  args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			pipeline := strings.Join(args, "")
			switch {
			case limit < 1:
				return &usageError{errors.New("--limit must be at least 1")}
			case !history && cmd.Flags().Changed("limit"):
				return &usageError{errors.New("--limit is about --history")}
			case disk && a.remote != nil:
				return &usageError{errors.New("--disk is about a data directory, and not about an engine that --server names")}
			case history && disk:
				return &usageError{errors.New("--history and --disk are two questions")}
			case cmd.Flags().Changed("watch") && (history || disk):
				return &usageError{errors.New("--watch is about neither --history nor --disk")}
			case cmd.Flags().Changed("watch") && watch < leastWatch:
				return &usageError{fmt.Errorf("--watch must be at least %s", leastWatch)}
			case watch > 0:
				return a.watchStatus(cmd.Context(), pipeline, watch)
			case !history:
				return a.status(cmd.Context(), pipeline, disk)
			}
			list, err := a.history(cmd.Context(), pipeline, limit)
			if err != nil {
				return err
			}
			return a.printHistory(list)
		},
	}
	c.Flags().BoolVar(&history, "history", false, "show the latest transitions from state to state, and why")
	c.Flags().BoolVar(&disk, "disk", false, "show only what takes the disk's space, with --json in bytes by pipeline")
	c.Flags().DurationVar(&watch, "watch", 0, "show it again and again, until it is interrupted, at this `interval`; with --json a line each time")
	c.Flags().Lookup("watch").NoOptDefVal = defaultWatch.String()
	c.Flags().IntVar(&limit, "limit", historyLimit, "with --history, at most so `many`")
	return c
}

func (a *app) status(ctx context.Context, pipeline string, onlyDisk bool) (err error) {
	s, err := a.openExisting(ctx, opening{}, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	list, err := statusOf(ctx, s)
	if err != nil {
		return err
	}
	if list, err = a.only(list, pipeline, s.dir); err != nil {
		return err
	}
	if !onlyDisk {
		if err := a.printStatus(list); err != nil || pipeline != "" {
			return err
		}
		err := errors.Join(a.printReloadFailure(ctx, s.control), a.printRefusal(ctx, s))
		if err != nil || a.json || a.remote != nil {
			return err
		}
	}
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Pipeline
	}
	use, err := diskUseOf(s.dir, names)
	if err != nil {
		return err
	}
	return a.printDisk(use)
}

// printRefusal says why the log takes no appends, if it does not: with --json as a warning.
func (a *app) printRefusal(ctx context.Context, s *session) error {
	status, err := logStatusOf(ctx, s)
	if err != nil || status.Accepts {
		return err
	}
	if a.json {
		a.logger(slog.LevelWarn).Warn("the log takes no appends", "error", status.Error, "hint", status.Hint)
		return nil
	}
	text := "log: it takes no appends: " + status.Error + "\n"
	if status.Hint != "" {
		text += "  hint: " + status.Hint + "\n"
	}
	_, err = io.WriteString(a.out, printable(text))
	return err
}

// logStatusOf is what the log says of itself, to the engine that runs or, without one, here.
func logStatusOf(ctx context.Context, s *session) (status engine.LogStatus, err error) {
	if s.control == nil {
		refusal := refusalOf(ctx, s.log)
		if status.Accepts = refusal == nil; refusal != nil {
			status.Error, status.Hint = refusal.Error(), adviceOn(refusal)
		}
		return status, nil
	}
	status, err = s.control.LogStatus(ctx)
	var answer *control.AnswerError
	if errors.As(err, &answer) && answer.Unknown { // by an engine that does not know the question
		return engine.LogStatus{Accepts: true}, nil
	}
	return status, err
}

// refusalOf is why a log takes no appends; nil where it does, or does not say.
func refusalOf(ctx context.Context, log eventstore.Log) error {
	if log, ok := log.(engine.Accepter); ok {
		return log.Accepts(ctx)
	}
	return nil
}

// only keeps the status of one pipeline, if one is named.
func (a *app) only(list []engine.Status, pipeline string, dir datadir.Dir) ([]engine.Status, error) {
	if pipeline == "" {
		return list, nil
	}
	list = slices.DeleteFunc(list, func(s engine.Status) bool { return s.Pipeline != pipeline })
	switch {
	case len(list) == 0 && a.remote != nil:
		return nil, &hinted{fmt.Errorf("pipeline %q: %w", pipeline, engine.ErrUnknownPipeline), "`refold status` lists those that the engine has"}
	case len(list) == 0:
		return nil, a.withKnown(fmt.Errorf("pipeline %q: %w", pipeline, datadir.ErrUnknownPipeline), dir)
	}
	return list, nil
}

func statusOf(ctx context.Context, s *session) ([]engine.Status, error) {
	if s.control != nil {
		return s.control.Status(ctx)
	}
	head, err := s.store.Head(ctx)
	if err != nil {
		return nil, err
	}
	specs, err := s.dir.Pipelines()
	if err != nil {
		return nil, err
	}
	jobs, err := jobsOf(ctx, s)
	if err != nil {
		return nil, err
	}
	list := []engine.Status{}
	for _, spec := range specs {
		err := withKept(ctx, s, spec, func(kept *engine.Kept) error {
			status := kept.Status(head)
			status.SetJobs(jobs)
			list = append(list, status)
			return nil
		})
		if err != nil { // which the others do not have
			status := engine.UnreadStatus(spec.Name, err, adviceOn(err), head)
			status.SetJobs(jobs)
			list = append(list, status)
		}
	}
	return list, nil
}

// withKept opens what a pipeline that no engine runs remembers, without its
// projection, and closes it again.
func withKept(ctx context.Context, s *session, spec config.Pipeline, do func(*engine.Kept) error) error {
	kept, err := engine.OpenKept(ctx, s.dir.PipelinesPath(), spec, nil)
	if err != nil {
		return err
	}
	return errors.Join(do(kept), kept.Close(ctx))
}

func (a *app) printStatus(list []engine.Status) error {
	if a.json {
		return a.printJSON(list)
	}
	heading := []any{"PIPELINE", "STATE", "GENERATION", "POSITION", "HEAD", "LAG", "DELIVERED", "FILTERED"}
	if slices.ContainsFunc(list, func(s engine.Status) bool { return !s.Since.IsZero() }) {
		heading = append(heading, "SINCE")
	}
	rows := [][]any{heading}
	for _, s := range list {
		row := []any{s.Pipeline, shownState(s.State), s.Generation, s.Position, s.Head, s.Lag, s.Delivered, s.Filtered}
		if s.Unread {
			row = []any{s.Pipeline, shownState(s.State), unknown, unknown, s.Head, unknown, unknown, unknown}
		}
		if !s.Since.IsZero() {
			row = append(row, s.Since.UTC().Format(time.RFC3339))
		}
		rows = append(rows, row)
	}
	if err := a.table(rows); err != nil {
		return err
	}
	for i := range list {
		for _, n := range notesOn(&list[i]) {
			if err := a.printNote(list[i].Pipeline, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// unknown is a number that cannot be read.
const unknown = "unknown"

// note is what people should know of a pipeline, and may do about it.
type note struct{ text, hint string }

func (a *app) printNote(pipeline string, n note) error {
	text := pipeline + ": " + strings.TrimPrefix(n.text, "pipeline "+pipeline+": ") + "\n"
	if n.hint != "" {
		text += "  hint: " + n.hint + "\n"
	}
	_, err := io.WriteString(a.out, printable(text))
	return err
}

// noteOnJob tells of a replay that has not ended.
func noteOnJob(one *job.Job) note {
	text := fmt.Sprintf("its replay %s is %s, at position %d of %d", one.ID, one.State, one.Position, one.Target)
	if one.ETA > 0 {
		text += fmt.Sprintf(", with %s left at %.0f events/s", time.Duration(one.ETA*float64(time.Second)).Round(time.Second), one.EventsPerSecond)
	}
	if one.State == job.Paused {
		return note{text, "`refold replay resume " + one.ID.String() + "` goes on with it"}
	}
	return note{text, ""}
}

// goesOn says from where a pipeline does, when it is resumed.
func goesOn(s *engine.Status) string {
	if s.Unread {
		return "opens it anew"
	}
	return fmt.Sprintf("goes on from position %d", s.Position)
}

// mendAnd says what is to be done about a pipeline that has stopped. One that no engine has
// been able to stop needs no more than the mend.
func mendAnd(s *engine.Status, again string) string {
	switch {
	case s.Hint == "":
		return "when its cause is mended, " + again
	case s.Since.IsZero():
		return s.Hint
	}
	return s.Hint + "; then `refold resume " + s.Pipeline + "` tries again" // from where the mend says
}

func notesOn(s *engine.Status) (notes []note) {
	again := "`refold resume " + s.Pipeline + "` " + goesOn(s)
	switch {
	case s.State == engine.Paused:
		text := "it is paused, and not run"
		if s.Reason != "" {
			text += ": " + s.Reason
		}
		notes = append(notes, note{text, again})
		if s.Error != "" {
			notes = append(notes, note{"the pause has found it stopped by: " + s.Error, s.Hint})
		}
	case s.State == engine.Retired:
		notes = append(notes, note{"the configuration that ran last has it no more; its state and its read model are as they were", ""})
	case s.Error != "":
		notes = append(notes, note{s.Error, mendAnd(s, again)})
	}
	notes = append(notes, changeNotes(s)...)
	for i := range s.Jobs {
		notes = append(notes, noteOnJob(&s.Jobs[i]))
	}
	if s.Dropped > 0 {
		notes = append(notes, note{fmt.Sprintf("filters have dropped %d effects", s.Dropped), ""})
	}
	if s.Parked > 0 {
		notes = append(notes, note{fmt.Sprintf("%d events wait behind poison", s.Parked), "see `refold dlq list " + s.Pipeline + "`"})
	}
	if s.DeadLettered > 0 {
		notes = append(notes, note{fmt.Sprintf("%d events have been left out", s.DeadLettered), "see `refold dlq list " + s.Pipeline + "`"})
	}
	for _, x := range s.Executors {
		if x.Error != "" {
			notes = append(notes, note{fmt.Sprintf("%s tries again, %d attempts so far: %s", x.Name, x.Attempts, x.Error), ""})
		}
	}
	if problem := s.Problem(); problem != "" && problem != s.Error {
		notes = append(notes, note{problem, "`refold replay " + s.Pipeline + "` builds the read model again"})
	}
	return notes
}
