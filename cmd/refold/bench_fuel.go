package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

//go:embed benchguests/scan.c
var scanSource string

// scanPayload is a payload of some 250 bytes, as a tool would write it.
const scanPayload = `{"path":"docs/guide/introduction.md","dir":"docs","additions":120,"deletions":7,` +
	`"author":{"name":"A. \"Nonymous\"","email":"nobody@example.com"},"tags":["prose","guide"],` +
	`"message":"Say what a projection is, and what it is not, in one page"}`

// fuel measures a metered guest in the sandbox against the same code in bare
// wazero, without and with wazero's own guard.
func (b *bench) fuel(ctx context.Context) (err error) {
	marked, plain, err := b.buildScans(ctx)
	if errors.Is(err, exec.ErrNotFound) {
		b.logger.WarnContext(ctx, fuelOverhead+" and "+fuelVsGuard+" are left out: they need clang and wasm-ld", "error", err)
		return nil
	}
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
	metered, err := meteredScan(ctx, host, marked)
	if err != nil {
		return err
	}
	sides := []benchSide{b.scanning(metered, batch)}
	for _, guard := range []bool{false, true} {
		runtime := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCloseOnContextDone(guard))
		defer func() { err = errors.Join(err, runtime.Close(ctx)) }()
		bare, err := bareScan(ctx, runtime, plain)
		if err != nil {
			return err
		}
		sides = append(sides, b.scanning(bare, batch))
	}
	medians, err := b.takeTurns(ctx, "fuel", fuelRounds, sides...)
	if err != nil {
		return err
	}
	b.found(fuelOverhead, medians[1].Seconds()/medians[0].Seconds())
	b.found(fuelVsGuard, medians[2].Seconds()/medians[0].Seconds())
	return nil
}

// buildScans compiles the guest twice: for the sandbox, and for bare wazero.
func (b *bench) buildScans(ctx context.Context) (marked, plain string, err error) {
	marked, plain = filepath.Join(b.dir, "marked.wasm"), filepath.Join(b.dir, "plain.wasm")
	if _, err := exec.LookPath("wasm-ld"); err != nil {
		return "", "", err
	}
	for out, define := range map[string]string{marked: "-DMARKED", plain: "-DPLAIN"} {
		clang := exec.CommandContext(ctx, "clang", "--target=wasm32", "-O2", "-nostdlib", "-Wl,--no-entry", define, "-x", "c", "-", "-o", out)
		clang.Stdin = strings.NewReader(scanSource)
		if text, err := clang.CombinedOutput(); err != nil {
			return "", "", fmt.Errorf("compiling the guest: %w: %s", err, text)
		}
	}
	return marked, plain, nil
}

func scanBatch() ([]byte, error) {
	var w frame.BatchWriter
	w.Reset(nil, 0)
	w.BeginUnkeyed()
	for i := range fuelEvents {
		w.AddEvent(&frame.Event{Position: uint64(i + 1), Version: 1, Type: "page_changed", AggregateType: "page", Data: []byte(scanPayload)})
	}
	return w.Finish()
}

// scanFold folds one batch.
type scanFold func(ctx context.Context, batch []byte) error

// scanning folds the batch again and again and says how long the fastest took:
// a fold is short enough for some to run undisturbed on a busy machine.
func (b *bench) scanning(fold scanFold, batch []byte) benchSide {
	n := b.size(50, 5)
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

func meteredScan(ctx context.Context, host *wasm.Host, path string) (scanFold, error) {
	m, err := host.Load(ctx, path, wasm.Limits{})
	if err != nil {
		return nil, err
	}
	i, err := m.Instantiate(ctx)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, batch []byte) error {
		_, err := i.Fold(ctx, batch)
		return err
	}, nil
}

func bareScan(ctx context.Context, r wazero.Runtime, path string) (scanFold, error) {
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
	return func(ctx context.Context, batch []byte) error {
		stack[0] = uint64(len(batch))
		if err := alloc.CallWithStack(ctx, stack[:]); err != nil {
			return err
		}
		m.Memory().Write(uint32(stack[0]), batch)
		stack[1] = uint64(len(batch))
		return fold.CallWithStack(ctx, stack[:])
	}, nil
}
