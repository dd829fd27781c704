//go:build !wasip1 && !wasm_unknown

package main

import "github.com/refold-dev/refold/sdk/process"

func main() { process.ServeProjection() }
