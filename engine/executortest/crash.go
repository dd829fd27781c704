package executortest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

// maxStoryBatch is how many events a batch of [WriteForEver] has at most.
const maxStoryBatch = 40

// WriteForEver opens an executor and executes batches of random size, until it is
// killed or fails. It prints each position that Execute has acknowledged. It is for
// a process of its own, which [SurviveKills] kills.
func WriteForEver(open func(pipeline string, generation uint64) (engine.Executor, error), acknowledged io.Writer) error {
	e, err := open(pipeline, 1)
	if err != nil {
		return err
	}
	for {
		after, _ := e.Position()
		b := storyBatch(after, after+1+event.Position(rand.IntN(maxStoryBatch)))
		if err := e.Execute(context.Background(), b); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(acknowledged, b.Through); err != nil {
			return err
		}
	}
}

func storyBatch(after, through event.Position) effect.Batch {
	var effects []effect.Effect
	for p := after + 1; p <= through; p++ {
		effects = append(effects, story(p)...)
	}
	return batch(1, after, through, effects...)
}

// SurviveKills lets children write to the store, one after the other, and kills each
// at some moment. Then the store has all that a child was told is there, and the rows
// of exactly the events up to its position.
func SurviveKills(t *testing.T, kills int, store Store, child func() *exec.Cmd) {
	t.Helper()
	want := make(naive)
	var done event.Position
	for range kills {
		acknowledged := event.Position(KillBehind(t, child(), 1+rand.IntN(30)))
		e, err := store.Open(pipeline, 1)
		if err != nil {
			t.Fatal(err)
		}
		position, _ := e.Position()
		closeExecutor(t, e)
		if position < acknowledged {
			t.Errorf("position %d was acknowledged, the store is at %d", acknowledged, position)
		}
		want.perform(storyBatch(done, position).Effects...)
		done = position
		(&bench{store: store}).wantRows(t, "accounts", want.rows(t))
		if store.Check != nil {
			store.Check(t)
		}
	}
}

// KillBehind starts a child, which prints a number a line as it gets on, and kills it
// right after a number of lines, while it is at the next ones. It returns the last
// number that came.
func KillBehind(t *testing.T, child *exec.Cmd, lines int) (last uint64) {
	t.Helper()
	var complaint strings.Builder
	child.Stderr = &complaint
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	told := bufio.NewScanner(out)
	for n := 1; told.Scan(); n++ {
		number, err := strconv.ParseUint(told.Text(), 10, 64)
		if err != nil {
			break // the kill cut the line short
		}
		last = number
		if n == lines {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // it was killed
	if complaint.Len() > 0 {
		t.Fatalf("the child ended by itself: %s", &complaint)
	}
	return last
}

// outagePatience is how long the writer of [SurviveOutages] may take to go on.
const outagePatience = time.Minute

// SurviveOutages executes batches while outages come and go: each error has to say
// that it passes, what is acknowledged stays, and in the end the rows are those of
// all events.
func SurviveOutages(t *testing.T, outages int, store Store, outage func() error) {
	t.Helper()
	e, err := store.Open(pipeline, 1)
	if err != nil {
		t.Fatal(err)
	}
	w := &patientWriter{executor: e, stop: make(chan struct{})}
	ended := make(chan error, 1)
	go func() { ended <- w.write(context.WithoutCancel(t.Context())) }()
	const between = 5 // batches
	for range outages {
		w.await(t, between, ended)
		if err := outage(); err != nil {
			t.Error(err)
		}
	}
	w.await(t, between, ended)
	close(w.stop)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	closeExecutor(t, e)
	want := make(naive)
	want.perform(storyBatch(0, w.through).Effects...)
	(&bench{store: store}).wantRows(t, "accounts", want.rows(t))
}

// patientWriter executes batches, each until it succeeds.
type patientWriter struct {
	executor engine.Executor
	done     atomic.Int64 // batches
	through  event.Position
	stop     chan struct{}
}

func (w *patientWriter) write(ctx context.Context) error {
	for {
		select {
		case <-w.stop:
			return nil
		default:
		}
		b := storyBatch(w.through, w.through+1+event.Position(rand.IntN(maxStoryBatch)))
		for err := w.executor.Execute(ctx, b); err != nil; err = w.executor.Execute(ctx, b) {
			var passes interface{ Retryable() (time.Duration, bool) }
			if !errors.As(err, &passes) {
				return fmt.Errorf("this error does not say that it passes: %w", err)
			}
			time.Sleep(time.Millisecond)
		}
		w.through = b.Through
		w.done.Add(1)
	}
}

// await waits until a number of batches more are done.
func (w *patientWriter) await(t *testing.T, batches int64, ended <-chan error) {
	t.Helper()
	want := w.done.Load() + batches
	for end := time.Now().Add(outagePatience); w.done.Load() < want; time.Sleep(time.Millisecond) {
		select {
		case err := <-ended:
			t.Fatal(err)
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("no batch for %s", outagePatience)
		}
	}
}
