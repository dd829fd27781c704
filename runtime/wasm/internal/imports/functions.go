package imports

import (
	"context"

	"github.com/tetratelabs/wazero/api"
)

// Function is something that a module may import.
type Function struct {
	Module, Name    string
	Params, Results []api.ValueType
	Call            api.GoModuleFunc
}

// The modules that a guest may import from.
const (
	ModuleRefold = "refold"
	moduleWASI   = "wasi_snapshot_preview1"
)

// The functions by which a projection marks the start of an event, and an executor
// that of an effect.
const (
	BeginEvent  = "begin_event"
	BeginEffect = "begin_effect"
)

// Kind is what a module is, and decides what it may import.
type Kind int

// The kinds.
const (
	Projection Kind = iota
	Executor
)

// Mark is the function by which a module of a kind marks the start of what it does.
func (k Kind) Mark() string { return [...]string{BeginEvent, BeginEffect}[k] }

// Functions returns all that a module of a kind may import.
func Functions(k Kind) []Function {
	list := append([]Function{{ModuleRefold, "log", types("iii"), nil, logLine}}, wasiFunctions()...)
	if k == Executor {
		list = append(list, Function{ModuleRefold, BeginEffect, types("i"), nil, beginEffect})
		return append(list, hostFunctions()...)
	}
	return append(list, Function{ModuleRefold, BeginEvent, types("i"), nil, beginEvent})
}

// AllFunctions returns what Functions does for all kinds, each once.
func AllFunctions() []Function {
	list := Functions(Projection)
	for _, fn := range Functions(Executor) {
		if fn.Module == ModuleHost || fn.Name == BeginEffect {
			list = append(list, fn)
		}
	}
	return list
}

func wasiFunctions() []Function {
	list := []Function{
		wasi("sched_yield", "", nothing),
		wasi("clock_res_get", "ii", clockRes),
		wasi("clock_time_get", "iIi", clockTime),
		wasi("poll_oneoff", "iiii", poll),
		wasi("random_get", "ii", random),

		wasi("args_get", "ii", nothing),
		wasi("args_sizes_get", "ii", noStrings),
		wasi("environ_get", "ii", nothing),
		wasi("environ_sizes_get", "ii", noStrings),

		wasi("fd_write", "iiii", fdWrite),
		wasi("fd_read", "iiii", fdRead),
		wasi("fd_close", "i", onStream(success)),
		wasi("fd_fdstat_get", "ii", fdStat),
		wasi("fd_fdstat_set_flags", "ii", onStream(success)),
		wasi("fd_seek", "iIii", onStream(errSpipe)),
		wasi("fd_tell", "ii", onStream(errSpipe)),

		{moduleWASI, "proc_exit", types("i"), nil, procExit},
	}
	for name, params := range fileless() {
		list = append(list, wasi(name, params, badFile))
	}
	return list
}

// fileless are the functions that need a file or a folder, of which there are
// none: the runtimes of several languages import them unasked.
func fileless() map[string]string {
	return map[string]string{
		"fd_advise":             "iIIi",
		"fd_allocate":           "iII",
		"fd_datasync":           "i",
		"fd_fdstat_set_rights":  "iII",
		"fd_filestat_get":       "ii",
		"fd_filestat_set_size":  "iI",
		"fd_filestat_set_times": "iIIi",
		"fd_pread":              "iiiIi",
		"fd_prestat_dir_name":   "iii",
		"fd_prestat_get":        "ii",
		"fd_pwrite":             "iiiIi",
		"fd_readdir":            "iiiIi",
		"fd_renumber":           "ii",
		"fd_sync":               "i",
		"path_filestat_get":     "iiiii",
		"path_open":             "iiiiiIIii",
		"path_readlink":         "iiiiii",
	}
}

// types reads a signature: i for i32, I for i64.
func types(signature string) []api.ValueType {
	list := make([]api.ValueType, 0, len(signature))
	for _, c := range signature {
		if c == 'I' {
			list = append(list, api.ValueTypeI64)
		} else {
			list = append(list, api.ValueTypeI32)
		}
	}
	return list
}

// wasi is a function of WASI that returns an errno.
func wasi(name, params string, call func(*Guest, api.Memory, []uint64) errno) Function {
	return Function{moduleWASI, name, types(params), types("i"),
		func(ctx context.Context, m api.Module, stack []uint64) {
			e := call(ctx.(*Guest), m.Memory(), stack)
			if len(stack) > 0 {
				stack[0] = uint64(e)
			}
		}}
}
