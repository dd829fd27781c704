// Command precompile fills a cache with the machine code of modules. The tests
// run it as a program of its own, since the race detector makes the compiler
// many times slower.
package main

import (
	"context"
	"log"
	"os"

	"github.com/refold-dev/refold/runtime/wasm"
)

func main() {
	ctx := context.Background()
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: os.Args[1]})
	if err != nil {
		log.Fatal(err)
	}
	for _, path := range os.Args[2:] {
		if _, err := host.Load(ctx, path, wasm.Limits{}); err != nil {
			log.Fatal(err)
		}
	}
	if err := host.Close(ctx); err != nil {
		log.Fatal(err)
	}
}
