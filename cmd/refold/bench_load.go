package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// loads measures loading the aggregate from two logs, one ten times the other.
func (b *bench) loads(ctx context.Context) error {
	if b.wantsName(load100k) {
		if err := b.loadSmall(ctx); err != nil {
			return err
		}
	}
	if !b.wantsName(load1M) {
		return nil
	}
	l, err := b.sharedLog(ctx)
	if err != nil {
		return err
	}
	return b.loadFrom(ctx, l, load1M)
}

func (b *bench) loadSmall(ctx context.Context) (err error) {
	l, err := b.newLog(ctx, b.flags.events/10)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	return b.loadFrom(ctx, l, load100k)
}

// loadFrom loads again and again, by reads that are as current as the log.
func (b *bench) loadFrom(ctx context.Context, l *benchLog, name string) error {
	b.say("%s: loading from %d events", name, l.events)
	times := make([]time.Duration, 0, b.size(1000, 50))
	for len(times) < cap(times) {
		start := time.Now()
		events, err := l.store.Read(ctx, spreadAggregate, 1)
		times = append(times, time.Since(start))
		if err != nil {
			return err
		}
		if len(events) != spreadEvents {
			return fmt.Errorf("the aggregate has %d events, not %d", len(events), spreadEvents)
		}
	}
	b.found(name, milliseconds(quantile(times, 0.5)))
	return nil
}
