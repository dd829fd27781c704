//go:build !wasip1 && !wasm_unknown

package refold

import "sync/atomic"

// begun is the event that was begun last. A host of processes asks for it.
var begun atomic.Int32

func beginEvent(index int32) { begun.Store(index) }

// Begun returns the index in its batch of the event whose fold was begun last; or,
// once a batch is folded, the number of its events. It may be called while Fold
// runs.
func (g *Guest) Begun() int { return int(begun.Load()) }
