package storetest_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/storetest"
)

// faultVar makes TestFaulty run on a store with one of the faults.
const faultVar = "REFOLD_STORETEST_FAULT"

// faults is what a store may get wrong.
var faults = []string{
	"the last event is lost in a kill", "half an append survives a kill", "an acknowledged append is lost",
	"two writers win a version", "a conflict tells a wrong version", "a conflict is stored",
	"a follower passes over an event", "a repetition is called new", "an import loses its first event",
	"a version is one behind", "an event is not the one appended",
}

// TestFaults runs the model in a process of its own on each of the faults, and
// on a store without one: it must tell them apart.
func TestFaults(t *testing.T) {
	for _, fault := range append(faults, "none") {
		t.Run(fault, func(t *testing.T) {
			test := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFaulty$", "-test.v",
				"-rapid.checks=50", "-rapid.nofailfile", "-rapid.shrinktime=0s")
			test.Env = append(os.Environ(), faultVar+"="+fault)
			out, err := test.CombinedOutput()
			if sound := fault == "none"; (err == nil) != sound || strings.Contains(string(out), "panic: ") {
				t.Errorf("the model found: %v\n%s", err, out)
			}
		})
	}
}

func TestFaulty(t *testing.T) {
	fault := os.Getenv(faultVar)
	if fault == "" {
		t.Skip("run by TestFaults")
	}
	storetest.RunCrash(t, func(*testing.T, string) storetest.Rig { return &faultyRig{fault: fault, kept: memory.New()} })
}

// faultyRig keeps a log in memory over its stores' lives.
type faultyRig struct {
	fault string
	kept  *memory.Store
	store *faulty
}

func (r *faultyRig) Start() (eventstore.Log, error) {
	r.store = &faulty{Store: r.kept, fault: r.fault}
	r.store.life, r.store.end = context.WithCancel(context.Background())
	return r.store, nil
}

func (r *faultyRig) Stop() error {
	r.store.end()
	return nil
}

func (r *faultyRig) Kill() error {
	if r.store.life.Err() != nil {
		return nil
	}
	r.store.end()
	if r.fault == "the last event is lost in a kill" {
		r.kept = without(r.kept, 1)
	}
	return nil
}

// without copies a log but for its last n events.
func without(log *memory.Store, n int) *memory.Store {
	head, _ := log.Head(context.Background())
	all, _ := log.ReadAll(context.Background(), 1, max(int(head)-n, 0))
	copied := memory.New()
	for _, r := range all {
		_, _ = copied.Append(context.Background(), r.Aggregate, event.Any(), r.Event)
	}
	return copied
}

// faulty is a store that ends, with a fault.
type faulty struct {
	*memory.Store
	fault string
	life  context.Context
	end   context.CancelFunc
}

func (s *faulty) Head(ctx context.Context) (event.Position, error) {
	if err := s.life.Err(); err != nil {
		return 0, err
	}
	return s.Store.Head(ctx)
}

func (s *faulty) Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error) {
	if err := s.life.Err(); err != nil {
		if s.fault == "half an append survives a kill" && len(events) > 1 {
			_, _ = s.Store.Append(ctx, agg, expected, events[:len(events)/2]...)
		}
		return eventstore.Appended{}, err
	}
	if s.fault == "an event is not the one appended" && len(events) > 2 {
		events = slices.Clone(events)
		events[1].Data = []byte(`{}`)
	}
	before, _ := s.Version(ctx, agg)
	if s.fault == "an acknowledged append is lost" && len(events) == 5 {
		return eventstore.Appended{Version: before + 5, Position: 1}, nil
	}
	at, err := s.Store.Append(ctx, agg, expected, events...)
	var conflict *eventstore.ConflictError
	if errors.As(err, &conflict) {
		switch s.fault {
		case "two writers win a version":
			return eventstore.Appended{Version: expected.Version() + event.Version(len(events)), Position: 1}, nil
		case "a conflict tells a wrong version":
			conflict.Actual += 100
		case "a conflict is stored":
			_, _ = s.Store.Append(ctx, agg, event.Any(), events...)
		}
	}
	if s.fault == "a repetition is called new" {
		at.Duplicate = false
	}
	return at, err
}

func (s *faulty) Version(ctx context.Context, agg event.Aggregate) (event.Version, error) {
	version, err := s.Store.Version(ctx, agg)
	if s.fault == "a version is one behind" && version > 3 {
		version--
	}
	return version, err
}

func (s *faulty) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		caller := ctx
		ctx, cancel := context.WithCancel(ctx)
		defer context.AfterFunc(s.life, cancel)()
		for batch, err := range s.Store.Follow(ctx, after) {
			if s.fault == "a follower passes over an event" && len(batch) > 4 {
				batch = slices.Delete(slices.Clone(batch), 2, 3)
			}
			if !yield(batch, err) || err != nil {
				return
			}
		}
		if caller.Err() == nil {
			yield(nil, s.life.Err())
		}
	}
}

// faultyBulk adds nothing at first.
type faultyBulk struct {
	eventstore.Bulk
	added bool
}

func (s *faulty) Bulk(ctx context.Context) (eventstore.Bulk, error) {
	if err := s.life.Err(); err != nil {
		return nil, err
	}
	b, err := s.Store.Bulk(ctx)
	if s.fault == "an import loses its first event" {
		b = &faultyBulk{Bulk: b}
	}
	return b, err
}

func (b *faultyBulk) Add(ctx context.Context, e event.Event) (bool, error) {
	if !b.added {
		b.added = true
		return true, nil
	}
	return b.Bulk.Add(ctx, e)
}
