package wasm

import (
	"slices"
	"strings"
	"testing"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
)

// guestWith returns a plugin that keeps to the ABI but for what change does.
func guestWith(change func(*wasmtest.Module)) *wasmtest.Module {
	m := wasmtest.Guest()
	if change != nil {
		change(m)
	}
	return m
}

func body(export string, code ...[]byte) func(*wasmtest.Module) {
	return func(m *wasmtest.Module) { m.Func(export).Body = wasmtest.Code(code...) }
}

func imported(module, name, params, results string) func(*wasmtest.Module) {
	return func(m *wasmtest.Module) {
		m.Imports = append(m.Imports, wasmtest.Import{Module: module, Name: name, Params: params, Results: results})
	}
}

// refusal is a change to a sound module for which it is refused.
type refusal struct {
	name   string
	change func(*wasmtest.Module)
	code   runtime.Code
	reason string
}

func checkRefusals(t *testing.T, refusals []refusal) {
	t.Helper()
	h := newHost(t, nil)
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, guestWith(tt.change).Bytes())
			_, err := h.Load(t.Context(), path, Limits{MemoryPages: 10, TableElements: 10})
			guest := guestError(t, err, tt.code)
			if !strings.Contains(guest.Reason, tt.reason) {
				t.Errorf("reason %q does not say %q", guest.Reason, tt.reason)
			}
		})
	}
}

func TestImportsRefused(t *testing.T) {
	checkRefusals(t, []refusal{
		{"forbidden import", imported("env", "launch", "i", ""), runtime.ForbiddenImport, "env.launch"},
		{"several forbidden imports", func(m *wasmtest.Module) {
			imported("wasi_snapshot_preview1", "sock_send", "iiiii", "i")(m)
			imported("a", "b", "", "")(m)
			imported("refold", "log", "iii", "")(m)
		}, runtime.ForbiddenImport, "a.b, wasi_snapshot_preview1.sock_send"},
		{"imported memory", func(m *wasmtest.Module) {
			m.Imports = []wasmtest.Import{{Module: "env", Name: "memory", Raw: []byte{2, 0, 1}}}
		}, runtime.ForbiddenImport, "env.memory (a memory)"},
		{"imported global", func(m *wasmtest.Module) {
			m.Imports = []wasmtest.Import{{Module: "env", Name: "g", Raw: []byte{3, 0x7f, 1}}}
		}, runtime.ForbiddenImport, "env.g (a global)"},
		{"import with another signature", imported("refold", "begin_event", "I", ""), runtime.WrongSignature,
			"refold.begin_event is imported as (i64), but is (i32)"},
	})
}

func TestExportsRefused(t *testing.T) {
	checkRefusals(t, []refusal{
		{"missing exports", func(m *wasmtest.Module) {
			m.Remove("refold_fold")
			m.Exports = nil
		}, runtime.MissingExport, "lacks the exports memory, refold_fold"},
		{"other ABI", func(m *wasmtest.Module) { m.Func("refold_abi_v1").Export = "refold_abi_v2" },
			runtime.MissingExport, "refold_abi_v1"},
		{"wrong parameters", func(m *wasmtest.Module) { m.Func("refold_fold").Params = "iI" }, runtime.WrongSignature,
			"export refold_fold is (i32, i64) -> i64, but must be (i32, i32) -> i64"},
		{"export of another kind", func(m *wasmtest.Module) {
			m.Remove("refold_alloc")
			m.Exports = append(m.Exports, wasmtest.Export{Name: "refold_alloc", Kind: 2})
		}, runtime.WrongSignature, "export refold_alloc is a memory, not a function"},
		{"export of nothing", func(m *wasmtest.Module) {
			m.Remove("refold_alloc")
			m.Exports = append(m.Exports, wasmtest.Export{Name: "refold_alloc", Index: 99})
		}, runtime.Malformed, "names function 99"},
		{"export twice", func(m *wasmtest.Module) {
			m.Exports = append(m.Exports, wasmtest.Export{Name: "refold_fold", Index: 3})
		}, runtime.Malformed, `exports "refold_fold" twice`},
		{"reserved export", func(m *wasmtest.Module) {
			m.Globals = []wasmtest.Global{{Type: 'i', Mutable: true}}
			m.Exports = append(m.Exports, wasmtest.Export{Name: "refold:global:0", Kind: 3})
		}, runtime.Unsupported, "reserved"},
		{"program", func(m *wasmtest.Module) { m.Func("refold_abi_v1").Export = "_start" }, runtime.Unsupported, "_start"},
	})
}

// TestShapeRefused: state that a snapshot would miss, and limits.
func TestShapeRefused(t *testing.T) {
	checkRefusals(t, []refusal{
		{"two memories", func(m *wasmtest.Module) { m.Memory = append(m.Memory, wasmtest.Size{Min: 1}) },
			runtime.Unsupported, "2 memories"},
		{"nine tables", func(m *wasmtest.Module) { m.Tables = slices.Repeat([]wasmtest.Size{{Min: 1}}, 9) },
			runtime.Unsupported, "9 tables; 8 are supported"},
		{"mutable vector", func(m *wasmtest.Module) { m.Globals = []wasmtest.Global{{Type: 'V', Mutable: true}} },
			runtime.Unsupported, "v128"},
		{"mutable reference", func(m *wasmtest.Module) { m.Globals = []wasmtest.Global{{Type: 'e', Mutable: true}} },
			runtime.Unsupported, "externref"},
		{"memory over its limit", func(m *wasmtest.Module) { m.Memory[0].Min = 11 }, runtime.LimitExceeded, "11 pages"},
		{"table over its limit", func(m *wasmtest.Module) { m.Tables = []wasmtest.Size{{Min: 11}} },
			runtime.LimitExceeded, "11 elements"},
		{"code of the wrong type", body("refold_fold", wasmtest.I32(1)), runtime.Malformed, "no valid module"},
	})
}

func TestFirstRunRefused(t *testing.T) {
	checkRefusals(t, []refusal{
		{"manifest that is no JSON", func(m *wasmtest.Module) { m.Describe("hello") }, runtime.BadManifest, "manifest"},
		{"manifest that is empty", body("refold_describe", wasmtest.I64(0)), runtime.BadManifest, "manifest"},
		{"manifest outside the memory", body("refold_describe", wasmtest.Span(wasmtest.Page-1, 2)), runtime.BadPointer, "outside"},
		{"manifest that is too large", body("refold_describe", wasmtest.Span(0, 1<<16+1)), runtime.OutputTooLarge, "65537"},
		{"manifest that traps", body("refold_describe", []byte{wasmtest.Unreachable}), runtime.Trap, "unreachable"},
		{"manifest that changes", changingManifest, runtime.BadManifest, "changes"},
		{"trap while starting", func(m *wasmtest.Module) {
			m.Funcs = append(m.Funcs, wasmtest.Func{Export: "_initialize", Body: []byte{wasmtest.Unreachable}})
		}, runtime.Trap, "while it was starting: trapped: unreachable"},
		{"trap in the start function", func(m *wasmtest.Module) {
			start := uint32(len(m.Funcs))
			m.Funcs = append(m.Funcs, wasmtest.Func{Body: []byte{wasmtest.Unreachable}})
			m.Start = &start
		}, runtime.Trap, "while it was starting"},
		{"elements outside the table", func(m *wasmtest.Module) {
			m.Tables, m.Elements = []wasmtest.Size{{Min: 1}}, []uint32{1, 2}
			m.Func("refold_fold").Body = wasmtest.Code(wasmtest.I32(0), []byte{0xd0, 0x70, 0x26, 0}, m.Func("refold_fold").Body) // table.set
		}, runtime.Trap, "while it was starting: trapped: an element segment lies outside"},
		{"data outside the memory", func(m *wasmtest.Module) {
			m.Data = append(m.Data, wasmtest.Data{At: wasmtest.Page, Bytes: []byte("x")})
		}, runtime.Trap, "while it was starting"},
	})
}

// changingManifest counts calls in the last byte of the manifest's name.
func changingManifest(m *wasmtest.Module) {
	m.Describe(`{"abi":1,"name":"0","state":"stateless"}`)
	digit := int32(wasmtest.ManifestAt + strings.Index(`{"abi":1,"name":"0"`, `0`))
	m.Func("refold_describe").Body = wasmtest.Code(
		wasmtest.I32(digit), wasmtest.I32(digit),
		[]byte{0x2d, 0, 0}, wasmtest.I32(1), []byte{0x6a}, // load, add 1
		[]byte{0x3a, 0, 0}, // store
		m.Func("refold_describe").Body)
}

// TestRoom: what is said about room for the input, and a recursion without a
// table. What else a guest can do while it folds is in hostile_fold_test.go, and
// outside of folding in hostile_phase_test.go.
func TestRoom(t *testing.T) {
	h := newHost(t, nil)
	for _, tt := range []struct {
		name   string
		change func(*wasmtest.Module)
		code   runtime.Code
		reason string
	}{
		{"no room", body("refold_alloc", wasmtest.I32(0)), runtime.OutOfMemory, "no room"},
		{"room outside the memory", body("refold_alloc", wasmtest.I32(wasmtest.Page)), runtime.BadPointer, "refold_alloc"},
		{"room that ends outside", body("refold_alloc", wasmtest.I32(wasmtest.Page-8)), runtime.BadPointer, "refold_alloc"},
		{"room at a negative place", body("refold_alloc", wasmtest.I32(-8)), runtime.BadPointer, "refold_alloc"},
		{"room that is not aligned", body("refold_alloc", wasmtest.I32(4097)), runtime.BadPointer, "aligned"},
		{"alloc traps", body("refold_alloc", []byte{wasmtest.Unreachable}), runtime.Trap, "unreachable"},
		{"endless recursion", body("refold_fold", wasmtest.I32(0), wasmtest.I32(0), wasmtest.Call(3)), runtime.StackOverflow, "deeper than its stack"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := instantiate(t, load(t, h, write(t, guestWith(tt.change).Bytes()), Limits{OutputBytes: 1000}))
			_, err := i.Fold(t.Context(), batch(t, "add"))
			guest := guestError(t, err, tt.code)
			if !strings.Contains(guest.Reason, tt.reason) {
				t.Errorf("reason %q does not say %q", guest.Reason, tt.reason)
			}
			if _, ok := guest.EventIndex(); ok {
				t.Error("the error names an event that the guest did not")
			}
			_, err = i.Fold(t.Context(), batch(t, "add"))
			guestError(t, err, runtime.Dead)
		})
	}
}

// calling returns a plugin whose fold calls an import first.
func calling(name, params string, arguments ...[]byte) *wasmtest.Module {
	return guestWith(func(m *wasmtest.Module) {
		imported("refold", name, params, "")(m)
		m.Func("refold_fold").Body = wasmtest.Code(append(arguments, wasmtest.Call(0), []byte{wasmtest.Unreachable})...)
	})
}

func TestEventIndexIsNotBelieved(t *testing.T) {
	for _, tt := range []struct {
		index int32
		code  runtime.Code
		want  int
	}{{0, runtime.Trap, 0}, {1, runtime.Trap, 1}, {2, runtime.Trap, runtime.NoEvent},
		{3, runtime.BadMark, runtime.NoEvent}, {-1, runtime.BadMark, runtime.NoEvent}} {
		i := hand(t, calling("begin_event", "i", wasmtest.I32(tt.index)))
		_, err := i.Fold(t.Context(), batch(t, "add", "add"))
		if guest := guestError(t, err, tt.code); guest.Event != tt.want {
			t.Errorf("begin_event(%d): event is %d, want %d", tt.index, guest.Event, tt.want)
		}
	}
}

func TestLogOutsideMemory(t *testing.T) {
	i := hand(t, calling("log", "iii", wasmtest.I32(1), wasmtest.I32(wasmtest.Page-1), wasmtest.I32(2)))
	_, err := i.Fold(t.Context(), batch(t, "add"))
	guestError(t, err, runtime.BadPointer)
}

// TestMemoryLimit: growing beyond the limit fails inside the guest.
func TestMemoryLimit(t *testing.T) {
	path := write(t, guestWith(growing).Bytes())
	for _, tt := range []struct {
		limit int
		code  runtime.Code
	}{{3, runtime.OutOfMemory}, {4, ""}} {
		i := instantiate(t, load(t, newHost(t, nil), path, Limits{MemoryPages: tt.limit}))
		_, err := i.Fold(t.Context(), batch(t, "add"))
		if tt.code == "" {
			if err != nil {
				t.Errorf("limit %d: %v", tt.limit, err)
			}
			continue
		}
		guestError(t, err, tt.code)
	}
}

// growing asks for three pages more at each input, and puts the input on the
// last page; without a second page it says that it has no room.
func growing(m *wasmtest.Module) {
	m.Func("refold_alloc").Body = wasmtest.Code(
		wasmtest.I32(3), []byte{0x40, 0, 0x1a}, // memory.grow, drop
		[]byte{0x3f, 0}, wasmtest.I32(1), []byte{0x6b}, wasmtest.I32(16), []byte{0x74}) // (memory.size-1) << 16
}
