// Package refoldtest runs the registered projection of package refold natively,
// as an engine would run it, so that a fold is tested by plain go test.
//
//	p := refoldtest.New(t)
//	err := p.Fold(refoldtest.Event{Type: "file_added", Data: `{"dir": "docs"}`})
//	state, ok := p.State("docs")
//
// Invariants:
//
//  1. Events go through the frames of the plugin ABI, with slots decoded by the
//     rules of ABI.md.
//  2. A call of Fold is one batch; a rejected batch leaves no trace in keyed
//     states and effects.
//
// It has no sandbox: no fuel, no limits, and no way back for resident state
// after a rejection. Start reading at projection.go.
package refoldtest
