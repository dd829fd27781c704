package javascript_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/refold-dev/refold/runtime/wasm"
)

// BenchmarkStart measures how long it takes until a script can fold: in a new
// process whose cache has the guest, and for one more instance.
func BenchmarkStart(b *testing.B) {
	ctx := context.Background()
	path := filepath.Join(b.TempDir(), "p.js")
	if err := os.WriteFile(path, []byte("fromAll().when({ $init: () => ({ n: 0 }), $any(s) { s.n++ } })"), 0o600); err != nil {
		b.Fatal(err)
	}
	load := func(b *testing.B, cache string) *wasm.Module {
		h, err := wasm.NewHost(ctx, wasm.Options{CacheDir: cache})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { h.Close(ctx) })
		m, err := h.Load(ctx, path, wasm.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		return m
	}
	b.Run("without a cache", func(b *testing.B) {
		for b.Loop() {
			load(b, "")
		}
	})
	cache := b.TempDir()
	m := load(b, cache)
	b.Run("with a cache", func(b *testing.B) {
		for b.Loop() {
			load(b, cache)
		}
	})
	b.Run("instance", func(b *testing.B) {
		for b.Loop() {
			i, err := m.Instantiate(ctx)
			if err != nil {
				b.Fatal(err)
			}
			i.Close(ctx)
		}
	})
}
