package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"

	extism "github.com/extism/go-sdk"

	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/frame"
)

const refoldPath = "github.com/refold-dev/refold"

// guests is where table.c is.
const guests = "../cmd/refold/benchguests"

// open makes all sides, Refold's first. stop is to be called whatever the error.
func open(ctx context.Context, dir string) (sides []*side, stop func() error, err error) {
	var stops []func() error
	stop = func() (err error) {
		for i := len(stops) - 1; i >= 0; i-- {
			err = errors.Join(err, stops[i]())
		}
		return err
	}
	large, err := frames(perBatch)
	if err != nil {
		return nil, stop, err
	}
	single, err := frames(1)
	if err != nil {
		return nil, stop, err
	}
	for _, add := range []func() (*side, func() error, error){
		func() (*side, func() error, error) { return refold(ctx, dir, "refold, guest in C", large) },
		func() (*side, func() error, error) { return refold(ctx, dir, "refold, an event a call", single) },
		func() (*side, func() error, error) { return native(large) },
		func() (*side, func() error, error) { return plugin(ctx, dir, "Extism, 1024 events a call", large) },
		func() (*side, func() error, error) { return plugin(ctx, dir, "Extism, an event a call", single) },
		func() (*side, func() error, error) { return pipeline(ctx) },
	} {
		s, close, err := add()
		if err != nil {
			return nil, stop, err
		}
		sides, stops = append(sides, s), append(stops, close)
	}
	return sides, stop, nil
}

// refold folds frames with a guest in the full sandbox.
func refold(ctx context.Context, dir, name string, list [][]byte) (*side, func() error, error) {
	path, err := compile(ctx, filepath.Join(guests, "table.c"), filepath.Join(dir, "table.wasm"))
	if err != nil {
		return nil, nil, err
	}
	host, err := wasm.NewHost(ctx, wasm.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return nil, nil, err
	}
	close := func() error { return host.Close(ctx) }
	module, err := host.Load(ctx, path, wasm.Limits{})
	if err != nil {
		return nil, nil, errors.Join(err, close())
	}
	guest, err := module.Instantiate(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, close())
	}
	fold := func(text []byte) error {
		in, err := frame.OpenBatch(text)
		if err != nil {
			return err
		}
		out, err := guest.Fold(ctx, text)
		if err == nil {
			_, err = frame.OpenResult(out, in)
		}
		return err
	}
	return &side{name: name, versioned: refoldPath, fold: each(list, fold), answer: func(ctx context.Context) (string, error) {
		text, err := guest.Query(ctx, nil)
		return string(text), err
	}}, close, nil
}

// native folds the same frames into a map of Go, without a sandbox.
func native(list [][]byte) (*side, func() error, error) {
	state := tallies[[16]byte]{}
	fold := func(text []byte) error {
		in, err := frame.OpenBatch(text)
		if err != nil {
			return err
		}
		for e := range in.Group(0).Events() {
			state.add([16]byte(e.AggregateID()), e.Version(), len(e.Data()))
		}
		return nil
	}
	return &side{name: "Go, a map, no sandbox", fold: each(list, fold), answer: func(context.Context) (string, error) { return state.answer(), nil }},
		func() error { return nil }, nil
}

// plugin folds the same frames with the same code as a plugin of Extism.
func plugin(ctx context.Context, dir, name string, list [][]byte) (*side, func() error, error) {
	path, err := compile(ctx, "guest/extism.c", filepath.Join(dir, "extism.wasm"))
	if err != nil {
		return nil, nil, err
	}
	p, err := extism.NewPlugin(ctx, extism.Manifest{Wasm: []extism.Wasm{extism.WasmFile{Path: path}}}, extism.PluginConfig{}, nil)
	if err != nil {
		return nil, nil, err
	}
	call := func(name string, input []byte) ([]byte, error) {
		code, output, err := p.CallWithContext(ctx, name, input)
		if err == nil && code != 0 {
			err = fmt.Errorf("%s ends with %d", name, code)
		}
		return output, err
	}
	fold := func(text []byte) error {
		_, err := call("fold", text)
		return err
	}
	return &side{name: name, versioned: "github.com/extism/go-sdk", fold: each(list, fold), answer: func(context.Context) (string, error) {
		text, err := call("query", nil)
		return string(text), err
	}}, func() error { return p.Close(ctx) }, nil
}

func each(list [][]byte, fold func([]byte) error) func(context.Context) error {
	return func(context.Context) error {
		for _, text := range list {
			if err := fold(text); err != nil {
				return err
			}
		}
		return nil
	}
}

func compile(ctx context.Context, source, out string) (string, error) {
	cmd := exec.CommandContext(ctx, "clang", "-I", guests, "--target=wasm32", "-mbulk-memory", "-O2", "-nostdlib", "-Wl,--no-entry", source, "-o", out)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("compiling %s: %w", source, err)
	}
	return out, nil
}
