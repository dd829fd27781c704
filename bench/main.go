// Command bench runs one fold over the same events by Refold's sandbox and by public
// libraries, in turns, and prints a table of what each makes of a second. It is a module
// of its own, so that nothing else needs those libraries.
//
// The fold counts events, versions and bytes by aggregate. Each side begins with the
// events at hand in memory, in the form in which it takes them, and keeps its counts in
// memory; in the end all have to have counted the same. There is no log, no disk and no
// network, and each is warm.
//
//	go run -C bench .
//
// It needs clang and lld for the guests.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
)

const rounds = 7

// side is one way to fold.
type side struct {
	name string
	// versioned is the path of the module whose version is printed.
	versioned string
	// fold folds all events once more.
	fold func(ctx context.Context) error
	// answer is what has been counted since the beginning.
	answer func(ctx context.Context) (string, error)
	took   []time.Duration
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "refold-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	sides, stop, err := open(ctx, dir)
	defer func() { err = errors.Join(err, stop()) }()
	if err != nil {
		return err
	}
	if err := takeTurns(ctx, sides); err != nil {
		return err
	}
	if err := compare(ctx, sides); err != nil {
		return err
	}
	return report(os.Stdout, sides)
}

// takeTurns has all sides fold the events, once to be warm and then for the record,
// each round begun by another one.
func takeTurns(ctx context.Context, sides []*side) error {
	for round := range 1 + rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round, rounds)
		for turn := range sides {
			s := sides[(turn+round)%len(sides)]
			runtime.GC()
			start := time.Now()
			if err := s.fold(ctx); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if round > 0 {
				s.took = append(s.took, time.Since(start))
			}
		}
	}
	for _, s := range sides {
		slices.Sort(s.took)
	}
	return nil
}

// compare makes sure that all sides have counted the same.
func compare(ctx context.Context, sides []*side) error {
	want, err := sides[0].answer(ctx)
	if err != nil {
		return err
	}
	for _, s := range sides[1:] {
		got, err := s.answer(ctx)
		if err == nil && got != want {
			err = fmt.Errorf("it has counted %s, and %s %s", got, sides[0].name, want)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}
