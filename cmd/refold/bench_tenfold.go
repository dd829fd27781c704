package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/runtime/wasm"
)

const (
	tenfoldRounds     = 3
	tenfoldAggregates = 10_000
	residentEvery     = 10 * time.Millisecond
)

const tenfoldConfig = `store: {sync: interval}
pipelines:
  - name: bench
    projection: {wasm: %q}
`

// tenfold measures replays of a log that is ten times as long: what an event costs
// then, and what memory a process takes.
func (b *bench) tenfold(ctx context.Context) (err error) {
	host, err := wasm.NewHost(ctx, wasm.Options{Logger: b.logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close(ctx)) }()
	t := &tenfold{b: b, dir: filepath.Join(b.dir, "tenfold"), events: 10 * b.flags.events}
	defer func() { err = errors.Join(err, os.RemoveAll(t.dir)) }()
	module, err := b.buildC(ctx, "table.c", "tenfold", roomFor(tenfoldAggregates))
	if err != nil {
		return b.leaveOut(ctx, err, cost10M, rate1M, rate10M, rss10M)
	}
	if err := t.prepare(module); err != nil {
		return err
	}
	if err := t.measure(ctx, host); err != nil {
		return err
	}
	if err := t.awaitForgotten(ctx); err != nil {
		return err
	}
	mib, err := t.resident(ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		b.logger.WarnContext(ctx, rss10M+" left out: "+err.Error())
		return nil
	}
	if err == nil {
		b.found(rss10M, mib)
	}
	return err
}

// tenfold is a data directory as an operator has it.
type tenfold struct {
	b      *bench
	dir    string
	events int
	filled time.Time // when the last event was stored
}

func (t *tenfold) config() string { return filepath.Join(t.dir, "pipelines.yaml") }
func (t *tenfold) data() string   { return filepath.Join(t.dir, "data") }

func (t *tenfold) prepare(module string) error {
	if err := os.MkdirAll(t.dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(t.config(), fmt.Appendf(nil, tenfoldConfig, module), 0o600)
}

// measure fills the directory, and replays a tenth of it and all of it, in turns.
func (t *tenfold) measure(ctx context.Context, host *wasm.Host) (err error) {
	c, err := config.Load(t.config())
	if err != nil {
		return err
	}
	a := &app{in: os.Stdin, out: t.b.progress, err: t.b.progress, data: t.data()}
	s, err := a.open(ctx, opening{config: c, archived: true}, t.b.logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := t.fill(ctx, s); err != nil {
		return err
	}
	tenth, err := t.b.newRebuild(ctx, host, s.archived, t.events/10, "table.c", roomFor(tenfoldAggregates))
	if err != nil {
		return err
	}
	all := &rebuild{b: t.b, log: beginning{s.archived, event.Position(t.events)}, module: tenth.module}
	medians, err := t.b.takeTurns(ctx, "ten times the log", tenfoldRounds,
		func(ctx context.Context, _ int) (time.Duration, error) { return tenth.run(ctx, "") },
		func(ctx context.Context, _ int) (time.Duration, error) { return all.run(ctx, "") })
	if err != nil {
		return err
	}
	before, after := float64(t.events/10)/medians[0].Seconds(), float64(t.events)/medians[1].Seconds()
	t.b.found(rate1M, before)
	t.b.found(rate10M, after)
	t.b.found(cost10M, after/before)
	return nil
}

func (t *tenfold) fill(ctx context.Context, s *session) (err error) {
	t.b.say("importing %d events", t.events)
	into, err := s.store.Bulk(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	for n := 1; n <= t.events; n++ {
		if err := add(ctx, into, benchEvent(n, benchID(aggregateID, 1+n%tenfoldAggregates))); err != nil {
			return err
		}
	}
	if err := into.Flush(ctx); err != nil {
		return err
	}
	t.filled = time.Now()
	t.b.say("archiving %d events", t.events)
	return s.archived.Level(ctx)
}

// awaitForgotten waits until the log's server, when it starts, takes none of the import's
// ids into memory: it does so with those of its duplicate window, at a few hundred bytes each,
// and they would be most of what is measured.
func (t *tenfold) awaitForgotten(ctx context.Context) error {
	if t.b.flags.events < manyEvents { // whose number means nothing
		return nil
	}
	left := time.Until(t.filled.Add(jetstream.DefaultDuplicateWindow))
	t.b.say("%s: waiting %s for the duplicate window to pass", rss10M, left.Round(time.Second))
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(left):
		return nil
	}
}

// resident is the largest memory of a process that replays all of it, in MiB.
func (t *tenfold) resident(ctx context.Context) (float64, error) {
	t.b.say("%s: replaying in a process of its own", rss10M)
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	var text bytes.Buffer
	cmd := exec.CommandContext(ctx, self, "run", "-c", t.config(), "--once", "--data", t.data())
	cmd.Stdout, cmd.Stderr = &text, &text
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	peak := 0.0
	for tick := time.Tick(residentEvery); ; {
		select {
		case err := <-ended:
			if err != nil {
				err = fmt.Errorf("%s: %w: %s", cmd, err, text.Bytes())
			}
			return peak, err
		case <-tick:
			mib, err := peakResident(cmd.Process.Pid)
			if errors.Is(err, errors.ErrUnsupported) {
				return 0, errors.Join(err, cmd.Process.Kill(), <-ended)
			}
			peak = max(peak, mib)
		}
	}
}
