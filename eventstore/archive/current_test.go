package archive_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/archive"
	"github.com/refold-dev/refold/eventstore/memory"
)

// held is a log whose followers get nothing after a position until let go.
type held struct {
	*memory.Store
	after event.Position
	until chan struct{}
	fail  error // what followers get then, if not nil
}

func (h *held) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		for batch, err := range h.Store.Follow(ctx, after) {
			for i := range batch {
				if batch[i].Position > h.after && !h.wait(ctx) {
					return
				}
				if batch[i].Position > h.after && h.fail != nil {
					yield(nil, h.fail)
					return
				}
				if !yield(batch[i:i+1], err) {
					return
				}
			}
		}
	}
}

func (h *held) wait(ctx context.Context) bool {
	select {
	case <-h.until:
		return true
	case <-ctx.Done():
		return false
	}
}

var (
	agg         = event.Aggregate{Type: "server", ID: uuid.MustParse("10000000-0000-4000-8000-000000000001")}
	correlation = uuid.MustParse("20000000-0000-4000-8000-000000000002")
	noon        = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
)

// put appends n events, each a minute before the one it follows.
func put(t *testing.T, log eventstore.Log, n int) {
	t.Helper()
	head, err := log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		e := event.Event{
			ID: uuid.Must(uuid.NewV7()), Aggregate: agg, Type: "touched", CorrelationID: correlation,
			Time: noon.Add(-time.Duration(int(head)+i) * time.Minute), Data: json.RawMessage(`{}`),
		}
		if _, err := log.Append(t.Context(), agg, event.Any(), e); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadsAreCurrent reads while the archive is held behind the log, by a
// little and by a lot.
func TestReadsAreCurrent(t *testing.T) {
	for _, behind := range []int{1, 30, 1100} {
		log := &held{Store: memory.New(), after: 20, until: make(chan struct{})}
		put(t, log, 20+behind)
		s := inFront(t, log)
		if err := s.Archive().Wait(t.Context(), 19); err != nil {
			t.Fatal(err)
		}
		readCurrent(t, s, 20+behind)
		close(log.until)
		if err := s.Archive().Wait(t.Context(), event.Position(19+behind)); err != nil {
			t.Fatal(err)
		}
		readCurrent(t, s, 20+behind)
	}
}

func readCurrent(t *testing.T, s *archive.Store, n int) {
	t.Helper()
	all, err := s.ReadAll(t.Context(), 1, n+1)
	if err != nil || len(all) != n {
		t.Fatalf("ReadAll: %d events of %d, %v", len(all), n, err)
	}
	for _, from := range []int{1, 15, 21, n, n + 1} {
		got, err := s.Read(t.Context(), agg, event.Version(from))
		if d := cmp.Diff(append([]event.Recorded(nil), all[from-1:]...), got); err != nil || d != "" {
			t.Fatalf("Read from %d: %v\n%s", from, err, d)
		}
	}
	got, err := s.ReadCorrelation(t.Context(), correlation)
	if err != nil || len(got) != n || got[0].Position != event.Position(n) || got[n-1].Position != 1 {
		t.Fatalf("ReadCorrelation: %d events of %d, %v", len(got), n, err)
	}
	got, err = s.ReadTimeRange(t.Context(), event.Aggregate{}, all[n-1].Time, all[n-4].Time)
	if d := cmp.Diff(all[n-4:], got); err != nil || d != "" {
		t.Fatalf("ReadTimeRange: %v\n%s", err, d)
	}
	if got, err := s.ReadTimeRange(t.Context(), event.Aggregate{}, noon, noon.Add(-1)); err != nil || len(got) != 0 {
		t.Fatalf("ReadTimeRange backwards: %d events, %v", len(got), err)
	}
}

// TestFollowersLearnWhyTheLogEnded lets the log end with an error under a
// follower.
func TestFollowersLearnWhyTheLogEnded(t *testing.T) {
	broken := errors.New("broken")
	log := &held{Store: memory.New(), after: 25, until: make(chan struct{}), fail: broken}
	put(t, log, 26)
	s := inFront(t, log)
	seen := 0
	for batch, err := range s.Follow(t.Context(), 0) {
		if seen += len(batch); seen == 25 && err == nil {
			close(log.until)
		}
		if err != nil && (!errors.Is(err, broken) || seen != 25) {
			t.Fatalf("after %d events: %v", seen, err)
		}
	}
	if seen != 25 {
		t.Fatalf("%d events, want 25", seen)
	}
	readCurrent(t, s, 26)
}

// TestASlowFollowerHoldsUpNobody leaves one loop standing while another one
// goes on.
func TestASlowFollowerHoldsUpNobody(t *testing.T) {
	log := memory.New()
	put(t, log, 10)
	s := inFront(t, log)
	for range s.Follow(t.Context(), 0) {
		put(t, log, 5000)
		last := event.Position(0)
		for batch, err := range s.Follow(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			if last = batch[len(batch)-1].Position; last == 5010 {
				break
			}
		}
		if last != 5010 {
			t.Fatalf("the other loop ended at %d", last)
		}
		break
	}
}

// TestAnotherLogIsNotRead puts the archive of one log in front of another one.
func TestAnotherLogIsNotRead(t *testing.T) {
	dir := t.TempDir()
	for round := range 2 {
		a, err := archive.Open(dir, archive.Options{})
		if err != nil {
			t.Fatal(err)
		}
		log := memory.New()
		put(t, log, 25)
		s := archive.NewStore(log, a)
		var diverged *archive.DivergedError
		if round == 0 {
			if err := a.Wait(t.Context(), 24); err != nil {
				t.Fatal(err)
			}
			readCurrent(t, s, 25)
		} else {
			for _, err := range s.Follow(t.Context(), 0) {
				if !errors.As(err, &diverged) || diverged.Position != 1 {
					t.Errorf("Follow: %v", err)
				}
			}
			if _, err := s.Read(t.Context(), agg, 1); !errors.As(err, &diverged) {
				t.Errorf("Read: %v", err)
			}
			if _, err := s.ReadAll(t.Context(), 1, 1); !errors.As(err, &diverged) {
				t.Errorf("ReadAll: %v", err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
