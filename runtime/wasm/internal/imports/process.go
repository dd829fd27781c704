package imports

import (
	"context"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"
)

// procExit ends the call, and with it the instance.
func procExit(_ context.Context, _ api.Module, stack []uint64) {
	panic(sys.NewExitError(uint32(stack[0])))
}

func nothing(*Guest, api.Memory, []uint64) errno { return success }

// noStrings answers how many strings there are and how long they are.
func noStrings(_ *Guest, m api.Memory, a []uint64) errno {
	if !m.WriteUint32Le(uint32(a[0]), 0) || !m.WriteUint32Le(uint32(a[1]), 0) {
		return errFault
	}
	return success
}

func random(g *Guest, m api.Memory, a []uint64) errno {
	g.spend(uint64(uint32(a[1])))
	b, ok := m.Read(uint32(a[0]), uint32(a[1]))
	if !ok {
		return errFault
	}
	g.fill(b)
	return success
}
