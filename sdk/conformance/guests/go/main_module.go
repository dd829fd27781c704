//go:build wasip1 || wasm_unknown

package main

func main() {} // of a module
