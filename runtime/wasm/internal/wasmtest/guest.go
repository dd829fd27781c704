package wasmtest

import "github.com/refold-dev/refold/sdk/frame"

// Where a Guest keeps what, in its one page of memory.
const (
	ManifestAt = 1024
	ResultAt   = 2048
	InputAt    = 4096
	Page       = 64 << 10
)

// Guest returns a stateless plugin that keeps to the ABI and answers each batch
// with an empty result.
func Guest() *Module {
	m := &Module{
		Memory:  []Size{{Min: 1}},
		Exports: []Export{{Name: "memory", Kind: 2}},
		Funcs: []Func{
			{Export: "refold_abi_v1"},
			{Export: "refold_alloc", Params: "i", Results: "i", Body: I32(InputAt)},
			{Export: "refold_describe", Results: "I"},
			{Export: "refold_fold", Params: "ii", Results: "I"},
		},
	}
	m.Describe(`{"abi":1,"name":"hand","state":"stateless"}`)
	m.Result(emptyResult())
	return m
}

// Describe sets the manifest.
func (m *Module) Describe(manifest string) {
	m.Data = append(m.Data, Data{At: ManifestAt, Bytes: []byte(manifest)})
	m.Func("refold_describe").Body = Span(ManifestAt, uint32(len(manifest)))
}

// Result sets the bytes that every fold returns.
func (m *Module) Result(result []byte) {
	m.Data = append(m.Data, Data{At: ResultAt, Bytes: result})
	m.Func("refold_fold").Body = Span(ResultAt, uint32(len(result)))
}

func emptyResult() []byte {
	var w frame.ResultWriter
	w.Reset()
	return w.Finish()
}
