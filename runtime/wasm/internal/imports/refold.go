package imports

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/tetratelabs/wazero/api"
)

// PointerError is a guest that named bytes outside its memory to an import that
// has no way to say so; it ends the call.
type PointerError struct {
	Import          string
	Pointer, Length uint32
}

func (e *PointerError) Error() string {
	return fmt.Sprintf("called %s with bytes outside its memory (pointer %d, length %d)", e.Import, e.Pointer, e.Length)
}

// logLine is refold.log(level, pointer, length).
func logLine(ctx context.Context, m api.Module, stack []uint64) {
	g, at, n := ctx.(*Guest), uint32(stack[1]), uint32(stack[2])
	g.spend(uint64(min(n, maxLine)))
	line, ok := m.Memory().Read(at, n)
	if !ok {
		panic(&PointerError{"refold.log", at, n})
	}
	severity := level(uint32(stack[0]))
	if severity == slog.LevelError {
		g.Log.last = g.Log.start(line)
	}
	g.Log.line(g.Context, severity, line)
}

func level(n uint32) slog.Level {
	switch n {
	case 0:
		return slog.LevelDebug
	case 1:
		return slog.LevelInfo
	case 2:
		return slog.LevelWarn
	}
	return slog.LevelError
}

// beginEvent stands for refold.begin_event. But in a module that is measured, code
// of the module's own takes its place before it is compiled.
func beginEvent(ctx context.Context, _ api.Module, stack []uint64) {
	if g := ctx.(*Guest); g.Mark != nil {
		g.Mark(uint32(stack[0]))
	}
}
