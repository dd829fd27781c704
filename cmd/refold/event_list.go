package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/control"
)

// listLimit is how many events are listed if nobody says.
const listLimit = 100

func (a *app) listCommand() *cobra.Command {
	var aggregate, correlation, since, until string
	var q control.EventQuery
	c := &cobra.Command{
		Use:   "list",
		Short: "List events: of an aggregate, of a correlation, of a time range, or the log's",
		Long: `List events, as the catalog makes them current, by position; those of a
correlation by the time at which they happened. What is given narrows the choice
down. The archive's index finds them; nothing reads through the log.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := parseSelection(&q, aggregate, correlation, since, until); err != nil {
				return &usageError{err}
			}
			events, err := a.query(cmd.Context(), q)
			if err != nil {
				return err
			}
			return a.printEvents(events)
		},
	}
	flags := c.Flags()
	flags.StringVar(&aggregate, "aggregate", "", "of one aggregate: `TYPE/ID`")
	flags.StringVar(&correlation, "correlation", "", "of one correlation: its `ID`")
	flags.StringVar(&since, "since", "", "that happened at a `time` or later, such as 2026-01-31T09:30:00Z")
	flags.StringVar(&until, "until", "", "that happened at a `time` or before")
	flags.Uint64Var((*uint64)(&q.From), "from", 1, "from a `position` on")
	flags.IntVar(&q.Limit, "limit", listLimit, "at most so `many`; 0 for all")
	return c
}

func parseSelection(q *control.EventQuery, aggregate, correlation, since, until string) (err error) {
	if aggregate != "" {
		if q.Aggregate, err = control.ParseAggregate(aggregate); err != nil {
			return fmt.Errorf("--aggregate: %w", err)
		}
	}
	if correlation != "" {
		q.Correlation.Valid = true
		if q.Correlation.UUID, err = uuid.Parse(correlation); err != nil {
			return fmt.Errorf("--correlation %q: %w", correlation, err)
		}
	}
	if q.Since, err = parseTime("--since", since); err != nil {
		return err
	}
	if q.Until, err = parseTime("--until", until); err != nil {
		return err
	}
	if q.Limit < 0 {
		return errors.New("--limit must not be negative")
	}
	return nil
}

func parseTime(flag, text string) (t time.Time, err error) {
	if text == "" {
		return t, nil
	}
	if t, err = time.Parse(time.RFC3339, text); err != nil {
		return t, fmt.Errorf("%s %q is not a time such as 2026-01-31T09:30:00Z", flag, text)
	}
	return t, nil
}

// query asks the engine that has the directory, or the archive.
func (a *app) query(ctx context.Context, q control.EventQuery) (events []event.Recorded, err error) {
	s, err := a.openExisting(ctx, opening{archived: true}, a.logger(slog.LevelWarn))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if s.control != nil {
		return s.control.Events(ctx, q)
	}
	return q.Run(ctx, s.archived)
}

func (a *app) printEvents(events []event.Recorded) error {
	if a.json {
		for i := range events {
			if _, err := fmt.Fprintf(a.out, "%s\n", recordedJSON(&events[i])); err != nil {
				return err
			}
		}
		return nil
	}
	rows := [][]any{{"POSITION", "TIME", "TYPE", "AGGREGATE", "VERSION", "DATA"}}
	for i := range events {
		e := &events[i]
		rows = append(rows, []any{e.Position, e.Time.Format(time.RFC3339Nano), e.Type, e.Aggregate, e.Version, shorten(string(e.Data))})
	}
	return a.table(rows)
}

// recordedJSON is an event as export writes it, with its place.
func recordedJSON(r *event.Recorded) []byte {
	line := fmt.Appendf(nil, `{"position":%d,"version":%d,`, r.Position, r.Version)
	return append(line, event.AppendJSON(nil, &r.Event)[1:]...)
}

// maxData is how much of a payload goes into a table, in characters.
const maxData = 60

func shorten(text string) string {
	if r := []rune(text); len(r) > maxData {
		return string(r[:maxData-1]) + "…"
	}
	return text
}
