package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/frame"
)

const (
	wasmCVsNative    = "wasm_c_vs_native"
	wasmRustVsNative = "wasm_rust_vs_native"

	tallyEvents     = 1024 // a batch
	tallyBatches    = 40
	tallyAggregates = 10_000
	tallyRounds     = 15
	tallyPasses     = 5 // a round
)

// natives measures guests in C and in Rust against Go code without a sandbox.
// All of them count events by aggregate, and must come to the same counts.
func (b *bench) natives(ctx context.Context) (err error) {
	batches, err := tallyFrames()
	if err != nil {
		return err
	}
	host, err := wasm.NewHost(ctx, wasm.Options{Logger: b.logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close(ctx)) }()
	names, guests, err := b.tallyGuests(ctx, host)
	if err != nil || len(guests) == 0 {
		return err
	}
	native := tallies{}
	sides := []benchSide{tallying(batches, native.fold)}
	for _, guest := range guests {
		sides = append(sides, tallying(batches, folding(guest)))
	}
	medians, err := b.takeTurns(ctx, "guests and native code", tallyRounds, sides...)
	if err != nil {
		return err
	}
	for i, name := range names {
		if err := native.check(ctx, guests[i]); err != nil {
			return err
		}
		b.found(name, medians[0].Seconds()/medians[i+1].Seconds())
	}
	return nil
}

// tallyGuests starts the guests that are wanted and can be built, each with the
// name of its measure.
func (b *bench) tallyGuests(ctx context.Context, host *wasm.Host) (names []string, guests []*wasm.Instance, err error) {
	for name, build := range map[string]func() (string, error){
		wasmCVsNative:    func() (string, error) { return b.buildC(ctx, "table.c", "table_c") },
		wasmRustVsNative: func() (string, error) { return b.buildRust(ctx, "table.rs", "table_rust") },
	} {
		if !b.wantsName(name) {
			continue
		}
		guest, err := b.startGuest(ctx, host, build)
		if err != nil {
			if err := b.leaveOut(ctx, err, name); err != nil {
				return nil, nil, err
			}
			continue
		}
		names, guests = append(names, name), append(guests, guest)
	}
	return names, guests, nil
}

// startGuest builds a guest and starts it; it is closed with its host.
func (b *bench) startGuest(ctx context.Context, host *wasm.Host, build func() (string, error)) (*wasm.Instance, error) {
	path, err := build()
	if err != nil {
		return nil, err
	}
	m, err := host.Load(ctx, path, wasm.Limits{})
	if err != nil {
		return nil, err
	}
	return m.Instantiate(ctx)
}

// benchBatch is a frame that has been checked once.
type benchBatch struct {
	bytes []byte
	frame frame.Batch
}

// batchFold folds one batch, and checks what comes back.
type batchFold func(ctx context.Context, batch benchBatch) error

// folding is what the engine does with a batch at hand.
func folding(i folder) batchFold {
	return func(ctx context.Context, batch benchBatch) error {
		out, err := i.Fold(ctx, batch.bytes)
		if err != nil {
			return err
		}
		_, err = frame.OpenResult(out, batch.frame)
		return err
	}
}

// tallying folds all batches again and again and says how long the fastest pass
// took. The number of passes does not depend on the run's size: the first finds
// cold caches, which cost the guest more, into whose memory all bytes go.
func tallying(batches []benchBatch, fold batchFold) benchSide {
	return func(ctx context.Context, _ int) (time.Duration, error) {
		fastest := time.Duration(math.MaxInt64)
		for range tallyPasses {
			start := time.Now()
			for _, batch := range batches {
				if err := fold(ctx, batch); err != nil {
					return 0, err
				}
			}
			fastest = min(fastest, time.Since(start))
		}
		return fastest, nil
	}
}

// tallyFrames visit the aggregates in a scattered order.
func tallyFrames() ([]benchBatch, error) {
	list := make([]benchBatch, tallyBatches)
	position := uint64(0)
	for n := range list {
		events := make([]frame.Event, tallyEvents)
		for i := range events {
			position++
			events[i] = frame.Event{Position: position, Version: position/tallyAggregates + 1, Type: "page_changed", AggregateType: "page",
				AggregateID: benchID(aggregateID, int(position*7919%tallyAggregates)), Data: []byte(scanPayload)}
		}
		var err error
		if list[n], err = benchFrame(0, events); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// benchFrame is a batch of one group without a key.
func benchFrame(slots int, events []frame.Event) (benchBatch, error) {
	var w frame.BatchWriter
	w.Reset(nil, slots)
	w.BeginUnkeyed()
	for i := range events {
		w.AddEvent(&events[i])
	}
	return finishFrame(&w)
}

func finishFrame(w *frame.BatchWriter) (benchBatch, error) {
	text, err := w.Finish()
	if err != nil {
		return benchBatch{}, err
	}
	batch, err := frame.OpenBatch(text)
	return benchBatch{text, batch}, err
}

// tallies is the native fold's state, by aggregate.
type tallies map[[16]byte]*tally

type tally struct{ count, version, bytes uint64 }

func (all tallies) fold(_ context.Context, batch benchBatch) error {
	for e := range batch.frame.Group(0).Events() {
		id := [16]byte(e.AggregateID())
		t := all[id]
		if t == nil {
			t = &tally{}
			all[id] = t
		}
		t.count++
		t.version = max(t.version, e.Version())
		t.bytes += uint64(len(e.Data()))
	}
	return nil
}

// answer is what a guest that has counted the same answers.
func (all tallies) answer() string {
	var sum tally
	for _, t := range all {
		sum.count += t.count
		sum.version += t.version
		sum.bytes += t.bytes
	}
	return fmt.Sprintf(`{"aggregates":%d,"events":%d,"versions":%d,"bytes":%d}`, len(all), sum.count, sum.version, sum.bytes)
}

// check holds a guest to what the native fold has counted.
func (all tallies) check(ctx context.Context, guest *wasm.Instance) error {
	want := all.answer()
	got, err := guest.Query(ctx, nil)
	if err == nil && string(got) != want {
		err = fmt.Errorf("the guest %s counts %s, and the native fold %s", guest.Manifest().Name, got, want)
	}
	return err
}
