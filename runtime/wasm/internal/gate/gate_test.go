package gate

import (
	"errors"
	"testing"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/imports"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmfile"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
)

func decode(t *testing.T, m *wasmtest.Module) *wasmfile.File {
	t.Helper()
	f, err := wasmfile.Decode(m.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestHints: the commonest mistakes of each language's build say what to do.
func TestHints(t *testing.T) {
	for _, tt := range []struct {
		imported wasmtest.Import
		want     string
	}{
		{wasmtest.Import{Module: "env", Name: "abort", Params: "iiii"}, "AssemblyScript: build with --use abort=, naming a function of your own"},
		{wasmtest.Import{Module: "env", Name: "memory", Raw: []byte{2, 0, 1}}, "build without --import-memory"},
		{wasmtest.Import{Module: "env", Name: "strlen", Params: "i", Results: "i"}, "a function that is declared but not linked becomes an import of env: link it in"},
		{wasmtest.Import{Module: "gojs", Name: "runtime.wasmExit", Params: "i"}, "build with GOOS=wasip1, not GOOS=js"},
		{wasmtest.Import{Module: "wasi_snapshot_preview1", Name: "sock_send"}, "a projection is a pure function of its events: let it return effects in place of I/O"},
	} {
		m := wasmtest.Guest()
		m.Imports = []wasmtest.Import{tt.imported}
		var guest *runtime.GuestError
		if err := Check(decode(t, m), imports.Projection, Limits{MemoryPages: 1}); !errors.As(err, &guest) || guest.Code != runtime.ForbiddenImport || guest.Hint != tt.want {
			t.Errorf("%s.%s: %v", tt.imported.Module, tt.imported.Name, err)
		}
	}
}

// TestNoSockets: what would change files or reach other processes cannot even
// be imported, although WASI has it.
func TestNoSockets(t *testing.T) {
	for _, name := range []string{"sock_accept", "sock_recv", "sock_send", "sock_shutdown", "proc_raise",
		"path_create_directory", "path_filestat_set_times", "path_link", "path_remove_directory", "path_rename",
		"path_symlink", "path_unlink_file"} {
		m := wasmtest.Guest()
		m.Imports = []wasmtest.Import{{Module: "wasi_snapshot_preview1", Name: name}}
		var guest *runtime.GuestError
		if err := Check(decode(t, m), imports.Projection, Limits{MemoryPages: 1}); !errors.As(err, &guest) || guest.Code != runtime.ForbiddenImport {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMutableGlobals(t *testing.T) {
	m := wasmtest.Guest()
	m.Globals = []wasmtest.Global{{Type: 'i', Mutable: true}, {Type: 'i'}, {Type: 'F', Mutable: true}}
	got := MutableGlobals(decode(t, m))
	if len(got) != 2 || got[0].Name != globalPrefix+"0" || got[1].Name != globalPrefix+"2" || got[1].Index != 2 {
		t.Errorf("mutable globals are %v", got)
	}
}
