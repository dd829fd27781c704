package gate

import (
	"fmt"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/meter"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
)

// globalPrefix starts the names under which the host exports a module's own
// mutable globals.
const globalPrefix = meter.Prefix + "global:"

// maxTables bounds what tables take of the host's memory: each has a limit of its
// own.
const maxTables = 8

// checkState refuses a module with state that a snapshot would miss.
func checkState(f *wasmfile.File) error {
	switch {
	case len(f.Memories) != 1:
		return refuse(runtime.Unsupported, fmt.Sprintf("has %d memories; one is supported", len(f.Memories)), "")
	case len(f.Tables) > maxTables:
		return refuse(runtime.Unsupported, fmt.Sprintf("has %d tables; %d are supported", len(f.Tables), maxTables), "")
	}
	for i, g := range f.Globals {
		if !g.Mutable {
			continue
		}
		switch g.Type {
		case wasmfile.I32, wasmfile.I64, wasmfile.F32, wasmfile.F64:
		default:
			return refuse(runtime.Unsupported,
				fmt.Sprintf("has a mutable global (%d) of type %s, which a snapshot cannot hold", i, g.Type), "")
		}
	}
	return nil
}

// MutableGlobals returns the exports under which the host reads and writes the
// mutable globals, in the globals' order.
func MutableGlobals(f *wasmfile.File) []wasmfile.Export {
	var list []wasmfile.Export
	for i, g := range f.Globals {
		if g.Mutable {
			list = append(list, wasmfile.Export{
				Name: fmt.Sprintf("%s%d", globalPrefix, i), Kind: wasmfile.Global, Index: uint32(i)})
		}
	}
	return list
}

func checkLimits(f *wasmfile.File, limits Limits) error {
	if pages := f.Memories[0].Min; pages > limits.MemoryPages {
		return refuse(runtime.LimitExceeded,
			fmt.Sprintf("starts with %d pages of memory; its limit is %d", pages, limits.MemoryPages), "raise the plugin's memory limit")
	}
	for _, t := range f.Tables {
		if t.Size.Min > limits.TableElements {
			return refuse(runtime.LimitExceeded,
				fmt.Sprintf("starts with a table of %d elements; its limit is %d", t.Size.Min, limits.TableElements), "raise the plugin's table limit")
		}
	}
	return nil
}
