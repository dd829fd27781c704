package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/traced"
)

func (a *app) appendCommand() *cobra.Command {
	var expect string
	c := &cobra.Command{
		Use:   "append FILE.json",
		Short: "Append events to one aggregate, all or none",
		Long: `Append one event or several to an aggregate, all or none. "-" reads standard
input. The events are JSON objects as for import, one after the other or in an
array, all of one aggregate.

--expect says at which version the aggregate has to be: a number, none for one
without events, any. If it is at another, nothing is appended. Appending the same
events again changes nothing.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			expected, err := parseExpected(expect)
			if err != nil {
				return err
			}
			events, err := a.readEvents(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.appendEvents(cmd.Context(), expected, events)
		},
	}
	c.Flags().StringVar(&expect, "expect", "any", "the aggregate's `version`: none, any or a number")
	return c
}

func parseExpected(text string) (event.Expected, error) {
	switch text {
	case "any":
		return event.Any(), nil
	case "none":
		return event.None(), nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return event.Expected{}, &usageError{fmt.Errorf("--expect %q is neither none nor any nor a version", text)}
	}
	return event.Exactly(event.Version(n)), nil
}

// maxAppendInput bounds what is read of a file, in bytes: more than an append
// can have.
const maxAppendInput = 64 << 20

// readEvents reads the events of a file. An error says on which line the one
// begins that is at fault.
func (a *app) readEvents(ctx context.Context, path string) ([]event.Event, error) {
	in, err := a.openInput(ctx, path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	content, err := io.ReadAll(io.LimitReader(in, maxAppendInput+1))
	if err != nil {
		return nil, err
	}
	content = bytes.TrimPrefix(content, []byte("\uFEFF")) // as import does
	fault := func(at int64, err error, hint string) error {
		return &config.Error{Pos: config.Pos{File: path, Line: lineOf(content, at), Column: 1}, Message: err.Error(), Hint: hint}
	}
	if len(content) > maxAppendInput {
		return nil, &config.Error{Pos: config.Pos{File: path}, Message: fmt.Sprintf("more than %d bytes", maxAppendInput), Hint: "`refold event import` takes as much as there is"}
	}
	var events []event.Event
	at, err := eachObject(content, func(at int64, object []byte) error {
		e, err := event.ParseJSON(object)
		if err != nil {
			return fault(at, err, "nothing has been appended")
		}
		if len(events) > 0 && e.Aggregate != events[0].Aggregate {
			return fault(at, fmt.Errorf("the event is about %s, the first one about %s", e.Aggregate, events[0].Aggregate),
				"an append is to one aggregate; `refold event import` takes events of many")
		}
		events = append(events, e)
		return nil
	})
	var placed *config.Error
	switch {
	case err != nil && !errors.As(err, &placed):
		return nil, fault(at, err, "nothing has been appended")
	case err == nil && len(events) == 0:
		return nil, &config.Error{Pos: config.Pos{File: path}, Message: "there are no events"}
	}
	return events, err
}

// eachObject calls a function with each of the JSON values that follow each
// other or are in an array, and the offset at which it begins. It returns the
// offset at which an error of its own is.
func eachObject(content []byte, do func(at int64, object []byte) error) (at int64, err error) {
	dec := json.NewDecoder(bytes.NewReader(content))
	array := bytes.HasPrefix(bytes.TrimLeft(content, " \t\r\n"), []byte("["))
	if array {
		_, _ = dec.Token()
	}
	for {
		if array && !dec.More() {
			if _, err := dec.Token(); err != nil {
				return dec.InputOffset(), errors.New("the array does not end as one does")
			}
			array = false
		}
		var object json.RawMessage
		err := dec.Decode(&object)
		if errors.Is(err, io.EOF) && !array {
			return 0, nil
		}
		if err != nil {
			return dec.InputOffset(), fmt.Errorf("not valid JSON: %w", err)
		}
		if err := do(dec.InputOffset()-int64(len(object)), object); err != nil {
			return 0, err
		}
	}
}

// lineOf is the line on which what stands at an offset, or follows it, is.
func lineOf(content []byte, at int64) int {
	for at < int64(len(content)) && bytes.IndexByte([]byte(" \t\r\n,"), content[at]) >= 0 {
		at++
	}
	return 1 + bytes.Count(content[:min(at, int64(len(content)))], []byte("\n"))
}

func (a *app) appendEvents(ctx context.Context, expected event.Expected, events []event.Event) (err error) {
	logger := a.logger(slog.LevelWarn)
	s, err := a.open(ctx, opening{archived: true}, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	spans, err := commandTraces(ctx, logger)
	if err != nil {
		return err
	}
	defer spans.end()
	agg := events[0].Aggregate
	at, err := traced.Wrap(s.store, spans).Append(callersTrace(ctx), agg, expected, events...)
	var conflict *eventstore.ConflictError
	var duplicate *eventstore.DuplicateIDError
	var unknown *eventstore.UnknownOutcomeError
	switch {
	case errors.As(err, &conflict):
		return &hinted{err, fmt.Sprintf("nothing has been appended; `refold event list --aggregate %s` shows what it has: decide again, then --expect %d", agg, conflict.Actual)}
	case errors.As(err, &duplicate):
		return &hinted{err, "nothing has been appended; give each event an id of its own"}
	case errors.As(err, &unknown):
		return &hinted{err, "append the same events again: what has been stored already is not stored again"}
	case err != nil:
		return err
	}
	return a.printAppended(agg, len(events), at)
}

func (a *app) printAppended(agg event.Aggregate, n int, at eventstore.Appended) error {
	if a.json {
		return a.printJSON(map[string]any{
			"aggregate": agg.String(), "events": n, "version": at.Version, "position": at.Position, "duplicate": at.Duplicate,
		})
	}
	what := "appended"
	if at.Duplicate {
		what = "had been appended before"
	}
	_, err := fmt.Fprintf(a.out, "%d events %s: up to version %d of %s, position %d\n", n, what, at.Version, agg, at.Position)
	return err
}
