package main

import (
	"context"
	"errors"
	"math"
	"os"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/frame"
)

const (
	fuelOverhead = "fuel_overhead_json_scan"
	fuelVsGuard  = "fuel_vs_wazero_guard"

	fuelEvents = 1024 // a batch
	fuelRounds = 15
)

// scanPayload is a payload of some 250 bytes, as a tool would write it.
const scanPayload = `{"path":"docs/guide/introduction.md","dir":"docs","additions":120,"deletions":7,` +
	`"author":{"name":"A. \"Nonymous\"","email":"nobody@example.com"},"tags":["prose","guide"],` +
	`"message":"Say what a projection is, and what it is not, in one page"}`

// fuel measures a metered guest in the sandbox against the same code in bare
// wazero, without and with wazero's own guard.
func (b *bench) fuel(ctx context.Context) (err error) {
	marked, err := b.buildC(ctx, "scan.c", "marked", "-DMARKED")
	if err != nil {
		return b.leaveOut(ctx, err, fuelOverhead, fuelVsGuard)
	}
	plain, err := b.buildC(ctx, "scan.c", "plain")
	if err != nil {
		return err
	}
	batch, err := scanBatch()
	if err != nil {
		return err
	}
	host, err := wasm.NewHost(ctx, wasm.Options{Logger: b.logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close(ctx)) }()
	metered, err := b.startGuest(ctx, host, func() (string, error) { return marked, nil })
	if err != nil {
		return err
	}
	n := b.size(50, 5)
	sides := []benchSide{fastestFold(n, batch, folding(metered))}
	for _, guard := range []bool{false, true} {
		runtime := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCloseOnContextDone(guard))
		defer func() { err = errors.Join(err, runtime.Close(ctx)) }()
		bare, err := bareScan(ctx, runtime, plain)
		if err != nil {
			return err
		}
		sides = append(sides, fastestFold(n, batch, bare))
	}
	medians, err := b.takeTurns(ctx, "fuel", fuelRounds, sides...)
	if err != nil {
		return err
	}
	b.found(fuelOverhead, medians[1].Seconds()/medians[0].Seconds())
	b.found(fuelVsGuard, medians[2].Seconds()/medians[0].Seconds())
	return nil
}

// scanBatch is a batch of payloads to scan.
func scanBatch() (benchBatch, error) {
	events := make([]frame.Event, fuelEvents)
	for i := range events {
		events[i] = frame.Event{Position: uint64(i + 1), Version: 1, Type: "page_changed", AggregateType: "page", Data: []byte(scanPayload)}
	}
	return benchFrame(0, events)
}

// fastestFold folds a batch n times and says how long the fastest took: a fold is
// short enough for some to run undisturbed on a busy machine.
func fastestFold(n int, batch benchBatch, fold batchFold) benchSide {
	return func(ctx context.Context, _ int) (time.Duration, error) {
		fastest := time.Duration(math.MaxInt64)
		for range n {
			start := time.Now()
			if err := fold(ctx, batch); err != nil {
				return 0, err
			}
			fastest = min(fastest, time.Since(start))
		}
		return fastest, nil
	}
}

func bareScan(ctx context.Context, r wazero.Runtime, path string) (batchFold, error) {
	code, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := r.Instantiate(ctx, code)
	if err != nil {
		return nil, err
	}
	alloc, fold := m.ExportedFunction("refold_alloc"), m.ExportedFunction("refold_fold")
	var stack [2]uint64
	return func(ctx context.Context, batch benchBatch) error {
		stack[0] = uint64(len(batch.bytes))
		if err := alloc.CallWithStack(ctx, stack[:]); err != nil {
			return err
		}
		m.Memory().Write(uint32(stack[0]), batch.bytes)
		stack[1] = uint64(len(batch.bytes))
		return fold.CallWithStack(ctx, stack[:])
	}, nil
}
