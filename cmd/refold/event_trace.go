package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/control"
)

func (a *app) traceCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "trace CORRELATION",
		Short: "Draw what a correlation's events have caused",
		Long: `Draw the events of one correlation as trees: each event below the one that
caused it. An event whose cause is no event of the correlation, such as a command,
begins a tree. With --json, each event is a line with "depth".`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := uuid.Parse(args[0])
			if err != nil {
				return &usageError{fmt.Errorf("%q is not a correlation's id: %w", args[0], err)}
			}
			events, err := a.query(cmd.Context(), control.EventQuery{Correlation: uuid.NullUUID{UUID: id, Valid: true}})
			if err != nil {
				return err
			}
			return a.printTrace(id, causes(events))
		},
	}
}

// caused is an event, and how many events have led to it.
type caused struct {
	*event.Recorded
	depth int
}

// causes puts each event behind its cause, and before what has another one.
// Causes come before their effects in the log, so that there is no circle; an
// event that says otherwise begins a tree.
func causes(events []event.Recorded) []caused {
	slices.SortFunc(events, func(a, b event.Recorded) int { return cmp.Compare(a.Position, b.Position) })
	effects := map[uuid.UUID][]*event.Recorded{}
	seen := map[uuid.UUID]bool{}
	var roots []*event.Recorded
	for i := range events {
		e := &events[i]
		if e.CausationID.Valid && seen[e.CausationID.UUID] {
			effects[e.CausationID.UUID] = append(effects[e.CausationID.UUID], e)
		} else {
			roots = append(roots, e)
		}
		seen[e.ID] = true
	}
	var out []caused
	var visit func(list []*event.Recorded, depth int)
	visit = func(list []*event.Recorded, depth int) {
		for _, e := range list {
			out = append(out, caused{e, depth})
			visit(effects[e.ID], depth+1)
		}
	}
	visit(roots, 0)
	return out
}

func (a *app) printTrace(id uuid.UUID, events []caused) error {
	if len(events) == 0 && !a.json {
		return &hinted{fmt.Errorf("no event has the correlation %s", id), "`refold event list --json` shows events with their correlations"}
	}
	for _, e := range events {
		var err error
		if a.json {
			_, err = fmt.Fprintf(a.out, `{"depth":%d,%s`+"\n", e.depth, recordedJSON(e.Recorded)[1:])
		} else {
			_, err = fmt.Fprintf(a.out, "%s%s  %s  position %d, version %d\n", strings.Repeat("  ", e.depth), e.Type, e.Aggregate, e.Position, e.Version)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
