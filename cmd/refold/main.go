// Command refold runs pipelines from YAML over an event log, and is how an
// operator sees and changes log and read models.
//
// It is thin: flags in, calls out. The parts of Refold meet here and nowhere
// else: wiring.go is where.
//
// A command finds what it is about by a data directory, and asks the engine that has it or
// opens it where none does: session.go. With --server it asks an engine elsewhere by the
// same client, and opens nothing: server.go says which commands may, by a table, so that
// a new one may not until somebody has thought of it. Flags come before variables, and
// --data before REFOLD_SERVER: what was written last was meant. A command that would touch
// a data directory is refused while REFOLD_SERVER is set, lest events be imported here
// that were meant for there. Certificates are always checked; there is no flag for not
// doing so, since --ca-file is as short.
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
