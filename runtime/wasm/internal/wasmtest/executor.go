package wasmtest

import "github.com/refold-dev/refold/sdk/frame"

// RequestAt is where an Executor's requests lie, beside what a Guest has.
const RequestAt = 3072

// Executor returns an executor that keeps to the ABI, wants all there is, and says
// of a batch of one effect that it is performed.
func Executor() *Module {
	m := Guest()
	m.Remove("refold_fold")
	m.Funcs = append(m.Funcs, Func{Export: "refold_execute", Params: "ii", Results: "I"})
	m.Describe(`{"abi":1,"name":"hand","kinds":["log"],"wants":[{"capability":"http","reason":"r"},` +
		`{"capability":"sql","reason":"r"},{"capability":"nats","reason":"r"},{"capability":"secrets","reason":"r"}]}`)
	m.Outcome(frame.AppendOutcome(nil, &frame.Outcome{Performed: 1}))
	return m
}

// Outcome sets the bytes that every call returns.
func (m *Module) Outcome(outcome []byte) {
	m.Data = append(m.Data, Data{At: ResultAt, Bytes: outcome})
	m.Func("refold_execute").Body = Span(ResultAt, uint32(len(outcome)))
}

// Request puts a message of these values where requests lie, and returns its length.
func (m *Module) Request(values ...frame.Slot) uint32 {
	request := frame.AppendMessage(nil, values...)
	m.Data = append(m.Data, Data{At: RequestAt, Bytes: request})
	return uint32(len(request))
}
