package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/archive"
)

const (
	replayRounds = 5
	// consumerWindow is how many messages the bare consumer asks for at once:
	// ten times its default, which is slower.
	consumerWindow = 5000
)

// replays measures reading a log for the first time, and again, both against
// the same runs of a consumer. Half of the log is long enough.
func (b *bench) replays(ctx context.Context) error {
	l, err := b.sharedLog(ctx)
	if err != nil {
		return err
	}
	medians, err := b.takeTurns(ctx, "replays", replayRounds, l.consume, l.firstReplay, l.foldArchive)
	if err != nil {
		return err
	}
	bare, first, again := medians[0], medians[1], medians[2]
	b.found(firstVsConsumer, float64(bare)/float64(first))
	b.found(archiveVsConsumer, float64(bare)/float64(again))
	return nil
}

// foldArchive counts the events of each aggregate, reading frames in place.
func (l *benchLog) foldArchive(context.Context, int) (time.Duration, error) {
	start := time.Now()
	counts := make(map[uuid.UUID]int)
	for block, err := range l.archive.Blocks(1) {
		if err != nil {
			return 0, err
		}
		if int(block.First) > l.half() {
			break
		}
		for e := range block.Batch.Group(0).Events() {
			counts[uuid.UUID(e.AggregateID())]++
		}
	}
	took := time.Since(start)
	total := 0
	for _, n := range counts {
		total += n
	}
	return took, l.checkCount(total)
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
