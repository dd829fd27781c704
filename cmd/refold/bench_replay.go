package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/archive"
	"github.com/refold-dev/refold/runtime/wasm"
)

const (
	replayRounds = 3
	// consumerWindow is how many messages the bare consumer asks for at once:
	// ten times its default, which is slower.
	consumerWindow = 5000
)

// replays measures reading a log for the first time, and again. Half of the log is
// long enough.
func (b *bench) replays(ctx context.Context) error {
	l, err := b.sharedLog(ctx)
	if err != nil {
		return err
	}
	medians, err := b.takeTurns(ctx, "replays", replayRounds, l.consume, l.firstReplay)
	if err != nil {
		return err
	}
	b.found(firstVsConsumer, float64(medians[0])/float64(medians[1]))
	if !b.wantsName(archiveVsConsumer) && !b.wantsName(archiveVsNative) {
		return nil
	}
	err = b.archived(ctx, l, medians[0])
	return b.leaveOut(ctx, err, archiveVsConsumer, archiveVsNative)
}

// archived measures replays from the archive, one event being worth what it is in
// the whole log: opening and closing take their time once.
func (b *bench) archived(ctx context.Context, l *benchLog, bare time.Duration) (err error) {
	host, err := wasm.NewHost(ctx, wasm.Options{Logger: b.logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close(ctx)) }()
	r, err := b.newRebuild(ctx, host, l.store, l.events, "table.c", roomFor(l.events/crowdEvents))
	if err != nil {
		return err
	}
	want, err := l.tally(ctx)
	if err != nil {
		return err
	}
	native := func(ctx context.Context, _ int) (time.Duration, error) {
		start := time.Now()
		_, err := l.tally(ctx)
		return time.Since(start), err
	}
	engine := func(ctx context.Context, _ int) (time.Duration, error) { return r.run(ctx, want.answer()) }
	medians, err := b.takeTurns(ctx, "replays from the archive", replayRounds, native, engine)
	if err != nil {
		return err
	}
	all := float64(medians[1])
	b.found(archiveVsConsumer, float64(bare)/all*float64(l.events)/float64(l.half()))
	b.found(archiveVsNative, float64(medians[0])/all)
	return nil
}

// tally is the native fold over the archive's frames in place.
func (l *benchLog) tally(ctx context.Context) (tallies, error) {
	all := tallies{}
	for block, err := range l.archive.Blocks(1) {
		if err != nil {
			return nil, err
		}
		if err := all.fold(ctx, benchBatch{block.Frame, block.Batch}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// firstReplay copies into an archive that is new.
func (l *benchLog) firstReplay(ctx context.Context, round int) (took time.Duration, err error) {
	dir := filepath.Join(l.dir, fmt.Sprintf("replay-%d", round))
	start := time.Now()
	kept, err := archive.Open(dir, archive.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, kept.Close(), os.RemoveAll(dir)) }()
	err = follow(ctx, kept, l.log, event.Position(l.half()), func(int64) error { return nil })
	took = time.Since(start)
	return took, errors.Join(err, l.checkCount(int(kept.Head())))
}

// consume reads by NATS's client alone, and looks at nothing.
func (l *benchLog) consume(ctx context.Context, _ int) (time.Duration, error) {
	nc, err := l.connect()
	if err != nil {
		return 0, err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	consumer, err := js.OrderedConsumer(ctx, "INFRASTRUCTURE_EVENTS", jetstream.OrderedConsumerConfig{})
	if err != nil {
		return 0, err
	}
	count, done := 0, make(chan struct{})
	consuming, err := consumer.Consume(func(jetstream.Msg) {
		if count++; count == l.half() {
			close(done)
		}
	}, jetstream.PullMaxMessages(consumerWindow))
	if err != nil {
		return 0, err
	}
	defer consuming.Stop()
	select {
	case <-done:
		return time.Since(start), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (l *benchLog) half() int { return l.events / 2 }

// checkCount makes sure that no less was done than what is asked; a block or a
// batch that goes beyond it is read in full.
func (l *benchLog) checkCount(n int) error {
	if n < l.half() {
		return fmt.Errorf("%d events were read of %d", n, l.half())
	}
	return nil
}
