// Command refold runs pipelines from YAML over an event log, and is how an
// operator sees and changes log and read models.
//
// It is thin: flags in, calls out. The parts of Refold meet here and nowhere
// else: wiring.go is where.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run()) }

// run returns the exit code: 0 for success, 1 for failure, 2 for wrong usage.
// The first signal ends the command in good order, the second at once.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	return a.execute(ctx, os.Args[1:])
}
