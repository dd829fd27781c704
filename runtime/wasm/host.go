package wasm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/runtime/wasm/internal/modcache"
	"github.com/refold-dev/refold/runtime/wasm/internal/snapshot"
)

// Options are what a host needs.
type Options struct {
	// CacheDir is the folder for compiled modules; it is created, with mode
	// 0700, if it is not there. Empty means no cache. What is in it is run as
	// machine code: it must belong to the user alone.
	CacheDir string
	// Logger gets what plugins log; nil drops it.
	Logger *slog.Logger
	// Interpret has modules interpreted, and not compiled to machine code. It is
	// many times slower, and gives the same results.
	Interpret bool
}

// Host compiles and runs modules. It is safe for concurrent use.
type Host struct {
	runtime wazero.Runtime
	cache   *modcache.Cache // nil for none
	codec   *snapshot.Codec
	logger  *slog.Logger
}

// NewHost returns a host without modules, to be closed after use. It compiles
// to machine code on amd64 and arm64, and interprets elsewhere.
func NewHost(ctx context.Context, o Options) (*Host, error) {
	h := &Host{logger: o.Logger}
	if h.logger == nil {
		h.logger = slog.New(slog.DiscardHandler)
	}
	config := wazero.NewRuntimeConfig()
	if o.Interpret {
		config = wazero.NewRuntimeConfigInterpreter()
	}
	config = config.WithCoreFeatures(api.CoreFeaturesV2)
	if o.CacheDir != "" {
		cache, err := modcache.Open(o.CacheDir)
		if err != nil {
			return nil, err
		}
		h.cache = cache
		config = config.WithCompilationCache(cache.Wazero())
	}
	codec, err := snapshot.NewCodec()
	if err != nil {
		return nil, err
	}
	h.codec = codec
	h.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	if err := h.offerImports(ctx); err != nil {
		return nil, errors.Join(err, h.Close(ctx))
	}
	return h, nil
}

// offerImports makes package imports available to modules.
func (h *Host) offerImports(ctx context.Context) error {
	builders := map[string]wazero.HostModuleBuilder{}
	for _, fn := range imports.AllFunctions() {
		b := builders[fn.Module]
		if b == nil {
			b = h.runtime.NewHostModuleBuilder(fn.Module)
			builders[fn.Module] = b
		}
		b.NewFunctionBuilder().WithGoModuleFunction(fn.Call, fn.Params, fn.Results).Export(fn.Name)
	}
	for name, b := range builders {
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("offering the imports of %s: %w", name, err)
		}
	}
	return nil
}

// Close closes all modules and instances. No call may be under way.
func (h *Host) Close(ctx context.Context) error {
	err := errors.Join(h.runtime.Close(ctx), h.codec.Close())
	if h.cache != nil {
		err = errors.Join(err, h.cache.Close(ctx))
	}
	return err
}
