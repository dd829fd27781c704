package journal

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

// Options is what a journal needs. Append, NewID and Logger are required.
type Options struct {
	// Append stores an event behind those of its aggregate. Repeating it is safe.
	// It ends when ctx does.
	Append func(ctx context.Context, e event.Event) error
	NewID  func() uuid.UUID
	Logger *slog.Logger
	// Waiting bounds the transitions that wait to be stored; default 1024.
	Waiting int
	// Patience is how long Close waits for the log; default two seconds.
	Patience time.Duration
}

// An attempt to store an event ends after attemptTimeout; between two of them
// there is a pause of up to longestPause.
const (
	attemptTimeout = 10 * time.Second
	longestPause   = 5 * time.Second
)

// Journal records transitions in the background.
type Journal struct {
	opts        Options
	correlation uuid.UUID
	ctx         context.Context
	cancel      context.CancelFunc
	written     chan struct{} // closed when nothing is left to write
	lost        atomic.Uint64
	warn        sync.Once

	mu     sync.Mutex
	queue  chan engine.Transition
	closed bool
}

// Open begins a journal. Nothing is asked of the log before there is something to
// record.
func Open(o Options) *Journal {
	if o.Waiting == 0 {
		o.Waiting = 1024
	}
	if o.Patience == 0 {
		o.Patience = 2 * time.Second
	}
	j := &Journal{opts: o, correlation: o.NewID(), written: make(chan struct{}), queue: make(chan engine.Transition, o.Waiting)}
	j.ctx, j.cancel = context.WithCancel(context.Background())
	go j.write()
	return j
}

// Record has a transition stored, soon.
func (j *Journal) Record(t engine.Transition) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.closed {
		select {
		case j.queue <- t:
			return
		default:
		}
	}
	j.lose(t, nil)
}

// Lost counts the transitions that have been left out.
func (j *Journal) Lost() uint64 { return j.lost.Load() }

// Close stores what still waits, as far as the log takes it within the patience.
// Closing twice is fine.
func (j *Journal) Close() error {
	j.mu.Lock()
	if !j.closed {
		j.closed = true
		close(j.queue)
	}
	j.mu.Unlock()
	select {
	case <-j.written:
	case <-time.After(j.opts.Patience):
		j.cancel()
		<-j.written
	}
	j.cancel()
	if n := j.Lost(); n > 0 {
		j.opts.Logger.Warn("the journal of the pipelines lacks transitions", "count", n)
	}
	return nil
}

func (j *Journal) write() {
	defer close(j.written)
	for t := range j.queue {
		if err := j.store(t); err != nil {
			j.lose(t, err)
		}
	}
}

// store repeats until the log has the transition, or the journal is closed.
func (j *Journal) store(t engine.Transition) error {
	e, err := Event(t, j.opts.NewID(), j.correlation)
	if err != nil {
		return err
	}
	pause := backoff.NewExponentialBackOff()
	pause.MaxInterval = longestPause
	_, err = backoff.Retry(j.ctx, func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(j.ctx, attemptTimeout)
		defer cancel()
		return struct{}{}, j.opts.Append(ctx, e)
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, _ time.Duration) {
		j.complain(err)
	}))
	return err
}

func (j *Journal) lose(t engine.Transition, err error) {
	j.lost.Add(1)
	if err != nil {
		j.complain(err)
	}
	j.opts.Logger.Debug("a transition is not recorded", "pipeline", t.Pipeline, "from", string(t.From), "to", string(t.To))
}

// complain says once that the log does not take transitions.
func (j *Journal) complain(err error) {
	j.warn.Do(func() {
		j.opts.Logger.Warn("the journal of the pipelines cannot be written; it is tried again, and pipelines do not wait for it", "error", err)
	})
}
