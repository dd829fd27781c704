// Command embed runs Refold inside a Go program: an event log, two projections
// and a read model in SQLite, in one process. It leads a small fleet of servers
// through its life and shows the read model follow, live and by replay.
//
// The data stays in a folder that the program names at its end, for the refold
// command to look at.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "refold-demo-")
	if err != nil {
		return err
	}
	r, err := open(ctx, folder)
	if err != nil {
		return err
	}
	running, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		r.engine.Run(running)
	}()
	err = story(ctx, r)
	cancel()
	<-stopped
	if closeErr := r.close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	fmt.Printf("\nThe data is in %[1]s. Look around, after `make build`:\n"+
		"  bin/refold status --data %[1]s\n"+
		"  bin/refold state fleet_status --data %[1]s\n"+
		"  bin/refold event export --data %[1]s | head -3\n", folder)
	return nil
}

// story is what the program shows.
func story(ctx context.Context, r *refold) error {
	fmt.Println("1. Commands: 40 servers are registered, assigned and put into service")
	fleet, err := buildFleet(ctx, r.resources, 40)
	if err != nil {
		return err
	}
	if err := r.caughtUp(ctx); err != nil {
		return err
	}
	fmt.Println("\n2. The read model, as the projections made it")
	if err := r.show(ctx); err != nil {
		return err
	}
	fmt.Println("\n3. More events arrive while the engine runs: 5 servers into maintenance, 3 retired")
	took, err := changeFleet(ctx, r, fleet)
	if err != nil {
		return err
	}
	fmt.Printf("   visible in SQLite %s after the last append\n\n", took)
	if err := r.show(ctx); err != nil {
		return err
	}
	fmt.Println("\n4. Replay: the table is built again from the log, beside the live one, and swapped")
	return replay(ctx, r)
}

// replay rebuilds the table and proves that nothing has changed.
func replay(ctx context.Context, r *refold) error {
	before, err := r.rows(ctx)
	if err != nil {
		return err
	}
	if err := r.engine.Replay(ctx, "fleet"); err != nil {
		return err
	}
	after, err := r.rows(ctx)
	if err != nil {
		return err
	}
	if before != after {
		return fmt.Errorf("the replayed read model differs:\n%s\nbefore, and now:\n%s", before, after)
	}
	list, err := r.engine.Status(ctx)
	if err != nil {
		return err
	}
	for _, s := range list {
		fmt.Printf("   %-12s generation %d, position %d of %d\n", s.Pipeline, s.Generation, s.Position, s.Head)
	}
	fmt.Println("   equal: the replayed table is the live one, row by row and column by column")
	return nil
}
