package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/plugins/null"
	"github.com/refold-dev/refold/runtime/wasm"
)

const rootsRounds = 7

// roots measures replays of a keyed guest with state roots against those without. A
// quarter of the log is long enough.
func (b *bench) roots(ctx context.Context) (err error) {
	l, err := b.sharedLog(ctx)
	if err != nil {
		return err
	}
	host, err := wasm.NewHost(ctx, wasm.Options{Logger: b.logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close(ctx)) }()
	with, err := b.newRebuild(ctx, host, l.store, l.events/4, "keyed.c")
	if err != nil {
		return b.leaveOut(ctx, err, rootsVsNone)
	}
	without := *with
	without.rootless = true
	medians, err := b.takeTurns(ctx, "state roots", rootsRounds, with.keyed, without.keyed)
	if err == nil {
		b.found(rootsVsNone, medians[1].Seconds()/medians[0].Seconds())
	}
	return err
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
