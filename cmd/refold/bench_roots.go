package main

import (
	"context"
	"fmt"
	"time"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/plugins/null"
)

const rootsRounds = 5

// roots measures replays of a keyed guest with state roots against those without. A
// quarter of the log is long enough.
func (b *bench) roots(ctx context.Context) error {
	l, err := b.sharedLog(ctx)
	if err != nil {
		return err
	}
	return b.rebuilds(ctx, rootsVsNone, rootsRounds, l.events/4, "keyed.c", func(r *rebuild) (with, without benchSide) {
		rootless := *r
		rootless.rootless = true
		return r.keyed, rootless.keyed
	})
}

// keyed is a replay of a keyed guest, whose effects go nowhere.
func (r *rebuild) keyed(ctx context.Context, _ int) (time.Duration, error) {
	discard := func(context.Context) (engine.Executor, error) { return null.Executor{}, nil }
	return r.into(ctx, discard, func(e *engine.Engine) error {
		list, err := e.Status(ctx)
		if err == nil && list[0].Delivered != uint64(r.log.head) {
			err = fmt.Errorf("%d events were folded of %d", list[0].Delivered, r.log.head)
		}
		return err
	})
}
