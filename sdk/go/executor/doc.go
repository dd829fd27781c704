// Package executor is the kit for executors in Go: what performs the effects that
// projections ask for. It is built like the kit for projections:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o name.wasm .
//
// A guest is a package main that registers one executor from init and has an empty
// main:
//
//   - [Executor] is what the guest is: its name, the kinds of effect it performs,
//     what it wants of the world and why, and its function Execute.
//   - [Batch] is what Execute gets, [Effect] one of its effects.
//   - [Send], [Exec], [Select], [Publish] and [ReadSecret] ask the host, which does
//     what the pipeline's YAML grants.
//   - [Retry], [Poison] and any other error say what became of a batch.
//
// Invariants:
//
//  1. A module holds one executor.
//  2. [Batch.Effects] marks each effect before Execute sees it: those before it are
//     then done, and are not performed again if the guest fails.
//  3. Effects come at least once, and again with the same [Effect.ID].
//  4. A panic goes to the plugin's log and ends the instance.
//
// Clocks and random source are real. What a guest keeps in its memory may be gone at
// the next batch.
//
// The package also compiles natively: tests set [Host] and call [Registered]. Start
// reading at executor.go.
package executor
