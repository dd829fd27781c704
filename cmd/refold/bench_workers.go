package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/frame"
)

const (
	workers2Vs1 = "workers_2_vs_1"

	workersKeys   = 100
	workersRounds = 5
)

// workers measures a pool of two instances of a keyed guest against one instance.
func (b *bench) workers(ctx context.Context) (err error) {
	path, err := b.buildGo(ctx, "keyed")
	if err != nil {
		return b.leaveOut(ctx, err, workers2Vs1)
	}
	batch, err := keyedFrame()
	if err != nil {
		return err
	}
	host, err := wasm.NewHost(ctx, wasm.Options{Logger: b.logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close(ctx)) }()
	m, err := host.Load(ctx, path, wasm.Limits{})
	if err != nil {
		return err
	}
	one, err := m.Instantiate(ctx)
	if err != nil {
		return err
	}
	two, err := m.Pool(ctx, 2)
	if err != nil {
		return err
	}
	if err := sameResult(ctx, batch, one, two); err != nil {
		return err
	}
	n := b.size(10, 1)
	medians, err := b.takeTurns(ctx, "workers", workersRounds, fastestFold(n, batch, folding(one)), fastestFold(n, batch, folding(two)))
	if err == nil {
		b.found(workers2Vs1, medians[0].Seconds()/medians[1].Seconds())
	}
	return err
}

// folder is a plugin that folds: an instance or a pool of them.
type folder interface {
	Fold(ctx context.Context, batch []byte) ([]byte, error)
}

func sameResult(ctx context.Context, batch benchBatch, one, two folder) error {
	want, err := one.Fold(ctx, batch.bytes)
	if err != nil {
		return err
	}
	got, err := two.Fold(ctx, batch.bytes)
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("two workers return %d bytes, other than the %d of one", len(got), len(want))
	}
	return err
}

// keyedFrame is a batch of some events on each of some keys.
func keyedFrame() (benchBatch, error) {
	var w frame.BatchWriter
	w.Reset(nil, 0)
	for n := range fuelEvents {
		if n%(fuelEvents/workersKeys) == 0 {
			w.BeginGroup(fmt.Appendf(nil, "docs/guide/%04d", n), nil, false)
		}
		w.AddEvent(&frame.Event{Position: uint64(n + 1), Version: 1, Type: "page_changed", AggregateType: "page", Data: []byte(scanPayload)})
	}
	return finishFrame(&w)
}
