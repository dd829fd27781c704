package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/frame"
)

const (
	goFieldsVsGoJSON = "go_fields_vs_go_json"
	coldStart        = "cold_start_ms"

	fieldsRounds = 9
	coldRounds   = 11
)

// goGuests measures a guest in Go that lets the host decode against one that
// parses JSON, and how long the first of them takes to start.
func (b *bench) goGuests(ctx context.Context) (err error) {
	path, err := b.buildGo(ctx, "fields")
	if err != nil {
		return b.leaveOut(ctx, err, goFieldsVsGoJSON, coldStart)
	}
	options := wasm.Options{Logger: b.logger, CacheDir: b.dir}
	host, err := wasm.NewHost(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close(ctx)) }()
	fields, err := b.startGuest(ctx, host, func() (string, error) { return path, nil })
	if err != nil {
		return err
	}
	if b.wantsName(goFieldsVsGoJSON) {
		if err := b.fields(ctx, host, fields); err != nil {
			return err
		}
	}
	if b.wantsName(coldStart) {
		return b.coldStarts(ctx, options, path)
	}
	return nil
}

func (b *bench) fields(ctx context.Context, host *wasm.Host, fields *wasm.Instance) error {
	parse, err := b.startGuest(ctx, host, func() (string, error) { return b.buildGo(ctx, "parse") })
	if err != nil {
		return err
	}
	decoded, err := lineFrame(len(fields.Manifest().Fields))
	if err != nil {
		return err
	}
	raw, err := lineFrame(0)
	if err != nil {
		return err
	}
	n := b.size(5, 1)
	medians, err := b.takeTurns(ctx, "fields and JSON", fieldsRounds,
		fastestFold(n, decoded, folding(fields)), fastestFold(n, raw, folding(parse)))
	if err != nil {
		return err
	}
	b.found(goFieldsVsGoJSON, medians[1].Seconds()/medians[0].Seconds())
	want, err := parse.Query(ctx, nil)
	if err != nil {
		return err
	}
	got, err := fields.Query(ctx, nil)
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("with fields a guest counts %s, and without %s", got, want)
	}
	return err
}

// lineFrame is a batch as the host makes it for the guest that has fields, or
// for the one that has none. The payloads are of 100 directories.
func lineFrame(slots int) (benchBatch, error) {
	events := make([]frame.Event, fuelEvents)
	for i := range events {
		dir := fmt.Sprintf("docs/guide/%02d", i*7919%100)
		data := strings.Replace(scanPayload, `"dir":"docs"`, `"dir":"`+dir+`"`, 1)
		events[i] = frame.Event{Position: uint64(i + 1), Version: 1, Type: "page_changed", AggregateType: "page", Data: []byte(data)}
		if slots > 0 {
			events[i].Slots = []frame.Slot{frame.BytesSlot(frame.String, []byte(dir)), frame.IntSlot(120), frame.IntSlot(7)}
		}
	}
	return benchFrame(slots, events)
}

// coldStarts measures all that lies between a process that has no host and the
// first batch folded, with the compiled module on the disk.
func (b *bench) coldStarts(ctx context.Context, options wasm.Options, path string) error {
	first, err := lineFrame(3)
	if err != nil {
		return err
	}
	medians, err := b.takeTurns(ctx, "cold starts", coldRounds, func(ctx context.Context, _ int) (took time.Duration, err error) {
		start := time.Now()
		host, err := wasm.NewHost(ctx, options)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, host.Close(ctx)) }()
		guest, err := b.startGuest(ctx, host, func() (string, error) { return path, nil })
		if err != nil {
			return 0, err
		}
		err = folding(guest)(ctx, first)
		return time.Since(start), err
	})
	if err == nil {
		b.found(coldStart, milliseconds(medians[0]))
	}
	return err
}
