package imports

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tetratelabs/wazero/api"
)

// ModuleHost is the module of what executors ask their host for.
const ModuleHost = "refold_host"

// takeAnswer is the function by which a guest takes an answer.
const takeAnswer = "answer"

// maxMessage bounds a request, in bytes, as frame.MaxMessage does.
const maxMessage = 16 << 20

// bytesPerUnit is how many bytes of requests and answers cost a unit of fuel.
const bytesPerUnit = 8

// Calls lists the functions by which executors ask their host for something.
func Calls() []string { return []string{"http", "sql_exec", "sql_query", "nats_publish", "secret"} }

// Outside is what an executor reaches while it performs effects.
type Outside struct {
	// Call performs what one of Calls asks for and returns the answer, which is
	// not empty. It must not keep the request. An error ends the guest's call.
	Call func(function string, request []byte) (answer []byte, err error)
	// Wait waits so long. An error ends the guest's call.
	Wait func(time.Duration) error
}

// Live are real sources of time and randomness.
type Live struct {
	Now    func() time.Time
	Random io.Reader

	started time.Time
}

// NewLive returns sources whose monotonic clock starts now.
func NewLive(now func() time.Time, random io.Reader) *Live {
	return &Live{Now: now, Random: random, started: now()}
}

// UseError is a guest that called an import in a way, or at a time, in which it
// cannot be called; it ends the call.
type UseError struct{ Import, Reason string }

func (e *UseError) Error() string { return fmt.Sprintf("called %s %s", e.Import, e.Reason) }

// ErrWaiting ends a call of a guest that waits for longer than it may.
var ErrWaiting = errors.New("waits longer than an effect may take")

func hostFunctions() []Function {
	list := []Function{{ModuleHost, takeAnswer, types("ii"), nil, answer}}
	for _, name := range Calls() {
		list = append(list, Function{ModuleHost, name, types("ii"), types("i"), ask(name)})
	}
	return list
}

// ask is a function that asks the host and returns the length of its answer.
func ask(name string) api.GoModuleFunc {
	full := ModuleHost + "." + name
	return func(ctx context.Context, m api.Module, stack []uint64) {
		g, at, n := ctx.(*Guest), uint32(stack[0]), uint32(stack[1])
		if n > maxMessage {
			panic(&UseError{full, fmt.Sprintf("with a request of %d bytes; %d are allowed", n, maxMessage)})
		}
		g.spend(uint64(n) / bytesPerUnit)
		request, ok := m.Memory().Read(at, n)
		if !ok {
			panic(&PointerError{full, at, n})
		}
		if g.Outside == nil {
			panic(&UseError{full, "outside of refold_execute"})
		}
		g.answer = nil
		got, err := g.Outside.Call(name, bytes.Clone(request))
		if err != nil {
			panic(err)
		}
		g.answer = got
		stack[0] = uint64(len(got))
	}
}

// answer writes the last call's answer to where the guest wants it, once.
func answer(ctx context.Context, m api.Module, stack []uint64) {
	const full = ModuleHost + "." + takeAnswer
	g, at, n := ctx.(*Guest), uint32(stack[0]), uint32(stack[1])
	switch {
	case g.answer == nil:
		panic(&UseError{full, "without an answer to take"})
	case int64(n) != int64(len(g.answer)):
		panic(&UseError{full, fmt.Sprintf("with room for %d bytes; the answer has %d", n, len(g.answer))})
	}
	g.spend(uint64(n) / bytesPerUnit)
	if !m.Memory().Write(at, g.answer) {
		panic(&PointerError{full, at, n})
	}
	g.answer = nil
}

// beginEffect stands for refold.begin_effect: code of the module's own takes its
// place before it is compiled.
func beginEffect(context.Context, api.Module, []uint64) {}
