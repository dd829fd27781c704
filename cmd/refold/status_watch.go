package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/engine/datadir"
)

const (
	defaultWatch = 2 * time.Second
	leastWatch   = 100 * time.Millisecond
)

// clearScreen has a terminal begin again at its first line (ECMA-48, CUP and ED).
const clearScreen = "\x1b[H\x1b[2J"

// watchStatus shows the running engine's statuses until ctx is done. An engine that is
// restarted meanwhile is waited for.
func (a *app) watchStatus(ctx context.Context, pipeline string, every time.Duration) error {
	dir := datadir.At(a.data)
	if err := a.checkWatched(ctx, dir); err != nil {
		return err
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := a.showStatus(ctx, dir, pipeline); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// checkWatched refuses to watch what is not there at the beginning: only what has been
// there may come back.
func (a *app) checkWatched(ctx context.Context, dir datadir.Dir) error {
	if a.remote != nil {
		_, err := a.remote.Status(ctx)
		return err
	}
	if err := dir.Check(); err != nil {
		return err
	}
	if _, err := dir.Endpoint(); err != nil {
		return &hinted{errors.New("no engine runs whose pipelines could be watched"), "`refold run -c FILE` starts one; `refold status` shows where they are"}
	}
	return nil
}

// showStatus shows them once, or why there are none just now.
func (a *app) showStatus(ctx context.Context, dir datadir.Dir, pipeline string) error {
	if isTerminal(a.out) && !a.json {
		fmt.Fprint(a.out, clearScreen)
	}
	list, absent := a.runningStatus(ctx, dir)
	var err error
	if absent == nil {
		list, err = a.only(list, pipeline, dir)
	}
	switch {
	case err != nil:
		return err
	case absent != nil && a.json:
		return a.printJSON(map[string]any{"error": absent.Error()})
	case absent != nil:
		_, err := fmt.Fprintf(a.out, "%s  %v\n", time.Now().Format(time.TimeOnly), absent)
		return err
	}
	if !a.json {
		fmt.Fprintf(a.out, "%s  %s\n", time.Now().Format(time.TimeOnly), cmp.Or(a.server.url, dir.Path()))
	}
	return a.printStatus(list)
}

// watchPatience is how long an answer is waited for that is asked for again and again.
const watchPatience = 10 * time.Second

// runningStatus asks the engine that has the directory, or is elsewhere; absent is why
// there is no answer.
func (a *app) runningStatus(ctx context.Context, dir datadir.Dir) (list []engine.Status, absent error) {
	ctx, cancel := context.WithTimeout(ctx, watchPatience)
	defer cancel()
	if a.remote != nil {
		return a.remote.Status(ctx)
	}
	endpoint, err := dir.Endpoint()
	if err != nil {
		return nil, errors.New("no engine runs")
	}
	return control.NewClient(endpoint.ControlURL, endpoint.ControlToken).Status(ctx)
}
