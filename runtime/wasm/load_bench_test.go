package wasm

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
)

// BenchmarkLoad starts a guest in Go of 3 MB: metering alone, and all of loading
// from a warm cache in a fresh host.
func BenchmarkLoad(b *testing.B) {
	code, err := os.ReadFile(goGuest())
	if err != nil {
		b.Fatal(err)
	}
	limits, err := Limits{}.resolve()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("meter", func(b *testing.B) {
		for b.Loop() {
			file, options, err := inspect(code, imports.Projection, limits)
			if err != nil {
				b.Fatal(err)
			}
			metered, err := meter.Rewrite(file, options)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(metered))/float64(len(code)), "size_ratio")
		}
	})
	b.Run("cached", func(b *testing.B) {
		for b.Loop() {
			h, err := NewHost(b.Context(), Options{CacheDir: filepath.Join(built.dir, "cache")})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := h.Load(b.Context(), goGuest(), Limits{}); err != nil {
				b.Fatal(err)
			}
			if err := h.Close(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
