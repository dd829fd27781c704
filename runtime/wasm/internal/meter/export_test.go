package meter

import "github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"

// RewriteExactly is Rewrite, but charges for each instruction by itself.
func RewriteExactly(f *wasmfile.File, o Options) ([]byte, error) {
	m := newModule(f, &o)
	m.exact = true
	return m.rewrite(&o)
}
