package repository_test

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/snapshot"
)

// owned is the command that leads to event number n: a resource gets an owner.
func owned(agg event.Aggregate, n int) compute.Command {
	return compute.AssignOwner{Origin: origin(agg, n), OwnerID: compute.PersonID{UUID: numbered(n)}}
}

// TestWhatIsRemembered follows the reads: "V+N" is N events from version V.
func TestWhatIsRemembered(t *testing.T) {
	store := &reads{Store: memory.New()}
	agg := resource(1)
	r := repository.New(store, compute.Definition(), repository.Options{})
	execute := func(n int) func() {
		return func() {
			if _, err := r.Execute(t.Context(), agg.ID, owned(agg, n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	others := func(n int) func() { return func() { appendAll(t, store, agg, history(agg, n, 10)...) } }
	appendAll(t, store, agg, logged(agg, 1, compute.ResourceRegistered{Hostname: hostname(t, "a.b"), ResourceType: compute.Router}))
	for _, step := range []struct {
		name    string
		do      func()
		reads   string
		version int
	}{
		{"the first load", func() {}, "1+1", 1},
		{"nothing new", func() {}, "1+1", 1},
		{"its own event", execute(2), "1+1 2+1", 2},
		{"events of others", others(3), "2+11", 12},
		{"its own after others'", execute(13), "12+1 13+1", 13},
		{"its own behind others'", func() { others(14)(); execute(24)() }, "13+11 24+1", 24},
	} {
		store.take()
		step.do()
		load(t, r, agg, step.version)
		if got := strings.Join(store.take(), " "); got != step.reads {
			t.Errorf("%s: it read %s, want %s", step.name, got, step.reads)
		}
	}
}

// TestNotRemembered: on request, of an aggregate without Copy, and of more
// aggregates than there is room for.
func TestNotRemembered(t *testing.T) {
	log := memory.New()
	for n := range 4 {
		appendAll(t, log, resource(n), history(resource(n), 1+100*n, 5)...)
	}
	uncopied := compute.Definition()
	uncopied.Copy = nil
	for _, c := range []struct {
		name string
		def  definition
		o    repository.Options
		want []string // of resources 0 to 3, and again
	}{
		{"by default", compute.Definition(), repository.Options{}, []string{"1+5", "1+5", "1+5", "1+5", "5+1", "5+1", "5+1", "5+1"}},
		{"on request", compute.Definition(), repository.Options{Remember: -1}, []string{"1+5", "1+5", "1+5", "1+5", "1+5", "1+5", "1+5", "1+5"}},
		{"without Copy", uncopied, repository.Options{}, []string{"1+5", "1+5", "1+5", "1+5", "1+5", "1+5", "1+5", "1+5"}},
		{"room for one or two", compute.Definition(), repository.Options{Remember: 1}, []string{"1+5", "1+5", "1+5", "1+5", "1+5", "1+5", "1+5", "1+5"}},
	} {
		store := &reads{Store: log}
		r := repository.New(store, c.def, c.o)
		for n := range 8 {
			load(t, r, resource(n%4), 5)
		}
		if got := store.take(); !slices.Equal(got, c.want) {
			t.Errorf("%s: it read %v, want %v", c.name, got, c.want)
		}
	}

	store := &reads{Store: log}
	r := repository.New(store, compute.Definition(), repository.Options{Remember: 1})
	for _, n := range []int{0, 1, 0, 1, 0} {
		load(t, r, resource(n), 5)
	}
	if got, want := store.take(), []string{"1+5", "1+5", "5+1", "5+1", "5+1"}; !slices.Equal(got, want) {
		t.Errorf("room for two: it read %v, want %v", got, want)
	}
}

// TestSnapshotsOfTheRemembered come late, for other processes.
func TestSnapshotsOfTheRemembered(t *testing.T) {
	store, agg, folder := memory.New(), resource(1), snapshot.At(t.TempDir())
	r := repository.New(store, compute.Definition(), repository.Options{Snapshots: folder, Every: 5})
	saved := func() int {
		s, _, err := folder.Load(t.Context(), agg)
		if err != nil {
			t.Fatal(err)
		}
		return int(s.Version)
	}
	var at []int
	for n := 1; n <= 100; n++ {
		appendAll(t, store, agg, tagged(agg, n))
		load(t, r, agg, n)
		if s := saved(); len(at) == 0 || at[len(at)-1] != s {
			at = append(at, s)
		}
	}
	if want := []int{0, 40, 80}; !slices.Equal(at, want) {
		t.Errorf("snapshots at %v, want %v", at, want)
	}
	load(t, repository.New(store, compute.Definition(), repository.Options{Snapshots: folder, Every: 5}), agg, 100)
	if got := saved(); got != 100 {
		t.Errorf("another repository, which has folded 20 events, leaves a snapshot at %d", got)
	}
}

// TestNothingRememberedOfWhatWasLost: the log is put back, and goes on with
// other events.
func TestNothingRememberedOfWhatWasLost(t *testing.T) {
	logger, told := logging()
	agg := resource(1)
	now := &replaceable{Store: memory.New()}
	r := repository.New(now, compute.Definition(), repository.Options{Logger: logger})
	appendAll(t, now, agg, history(agg, 1, 5)...)
	load(t, r, agg, 5)
	if _, err := r.Change(t.Context(), agg.ID, func(in instance) (aggregate.Commit[compute.State], error) {
		return compute.Definition().Record(in, compute.Event{Header: header(agg, 6), Payload: compute.AssetTagAssigned{AssetTag: "lost"}})
	}); err != nil {
		t.Fatal(err)
	}

	now.Store = memory.New()
	load(t, r, agg, 0)
	appendAll(t, now, agg, history(agg, 1, 4)...)
	load(t, r, agg, 4)
	now.Store = memory.New()
	appendAll(t, now, agg, history(agg, 1, 3)...)
	appendAll(t, now, agg, tagged(agg, 99))
	if got := load(t, r, agg, 4).State.AssetTag; got != "T-99" {
		t.Errorf("asset tag %s", got)
	}
	for _, want := range []string{"its version 6 is ahead of the log", "it is of another history: its version 4 is event " + numbered(4).String()} {
		if strings.Count(told.String(), want) != 1 {
			t.Errorf("told %s, and not once that %s", told, want)
		}
	}
}

// replaceable is a store that becomes another one.
type replaceable struct{ repository.Store }

// TestSharedRepository: goroutines change one resource through one repository.
// What each gets back is what the log has at that version, and stays so.
func TestSharedRepository(t *testing.T) {
	const writers, commands = 4, 50
	store, agg := memory.New(), resource(1)
	r := repository.New(store, compute.Definition(), repository.Options{Snapshots: snapshot.At(t.TempDir()), Every: 3, Remember: 1})
	appendAll(t, store, agg, logged(agg, 0xffff, compute.ResourceRegistered{Hostname: hostname(t, "a.b"), ResourceType: compute.Router}))
	var mu sync.Mutex
	var answers []instance
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range commands {
				n := 1 + w*commands + i
				in, err := r.Execute(t.Context(), agg.ID, compute.AddPolicy{Origin: origin(agg, n), PolicyID: compute.PolicyID{UUID: numbered(n)}})
				if err != nil {
					continue // in conflict too often
				}
				if i%10 == 0 {
					_, _ = r.Load(t.Context(), resource(2+w).ID) // makes it forget
				}
				mu.Lock()
				answers = append(answers, in)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	events, err := store.Read(t.Context(), agg, 1)
	if err != nil || len(events) != 1+len(answers) || len(answers) < commands {
		t.Fatalf("%d events of %d commands, %v", len(events), len(answers), err)
	}
	def := compute.Definition()
	seen := map[uuid.UUID]bool{}
	for _, got := range answers {
		want, err := def.Replay(def.New(agg.ID), events[:got.Version]...)
		if err != nil || !reflect.DeepEqual(want, got) {
			t.Fatalf("at version %d the answer was %+v, a replay gives %+v, %v", got.Version, got, want, err)
		}
		if seen[got.State.LastEventID] {
			t.Errorf("event %s is the answer to two commands", got.State.LastEventID)
		}
		seen[got.State.LastEventID] = true
	}
}

// tally counts by name, in a map that its fold writes to.
type tally map[string]int

type counted struct {
	Name string `json:"name"`
}

// TestCopyKeepsStatesApart: with a state that is written to, a change that is
// not stored, and what a caller does to an answer, leave what is remembered as
// it is.
func TestCopyKeepsStatesApart(t *testing.T) {
	codec, err := aggregate.NewCodec("tally", aggregate.EventType[counted]{Name: "counted", Prototype: counted{}})
	if err != nil {
		t.Fatal(err)
	}
	def := aggregate.Definition[tally, counted, aggregate.Fact[counted]]{
		Type: "tally", Codec: codec, Copy: maps.Clone[tally],
		Decider: aggregate.Decider[tally, counted, aggregate.Fact[counted]]{
			Initial: func(uuid.UUID) tally { return tally{} },
			Evolve: func(s tally, f aggregate.Fact[counted]) tally {
				s[f.Payload.Name]++
				return s
			},
		},
	}
	meddling := &interrupted{Store: memory.New()}
	store := &reads{Store: meddling}
	r, id := repository.New(store, def, repository.Options{}), numbered(0xa00000)
	change := func(n int, name string, refusal error) aggregate.Instance[tally] {
		in, err := r.Change(t.Context(), id, func(in aggregate.Instance[tally]) (aggregate.Commit[tally], error) {
			h := header(event.Aggregate{Type: "tally", ID: id}, n)
			commit, err := def.Record(in, aggregate.Fact[counted]{Header: h, Payload: counted{name}})
			return commit, cmp.Or(refusal, err)
		})
		if !errors.Is(err, refusal) {
			t.Fatal(err)
		}
		return in
	}
	change(1, "a", nil)
	change(2, "b", errors.New("on second thoughts"))
	change(3, "a", nil).State["c"] = 7
	in, err := r.Load(t.Context(), id)
	in.State["d"] = 7
	in, err = r.Load(t.Context(), id)
	if want := (tally{"a": 2}); err != nil || in.Version != 2 || !maps.Equal(in.State, want) {
		t.Errorf("version %d, %v, %v, want %v", in.Version, in.State, err, want)
	}
	if got := strings.Join(store.take(), " "); got != "1+0 1+1 1+1 2+1 2+1" {
		t.Errorf("it read %s", got)
	}

	others := repository.New(meddling.Store, def, repository.Options{})
	if _, err := others.Change(t.Context(), id, func(in aggregate.Instance[tally]) (aggregate.Commit[tally], error) {
		return def.Record(in, aggregate.Fact[counted]{Header: header(event.Aggregate{Type: "tally", ID: id}, 4), Payload: counted{"a"}})
	}); err != nil {
		t.Fatal(err)
	}
	meddling.by = func() { _, err = r.Load(t.Context(), id) } // both fold the new event
	in, loadErr := r.Load(t.Context(), id)
	if want := (tally{"a": 3}); err != nil || loadErr != nil || !maps.Equal(in.State, want) {
		t.Errorf("two loads at once: %v, %v, %v, want %v", in.State, err, loadErr, want)
	}
}

// interrupted is a store that has something done before its next read.
type interrupted struct {
	repository.Store
	by func()
}

func (s *interrupted) Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	if by := s.by; by != nil {
		s.by = nil
		by()
	}
	return s.Store.Read(ctx, agg, from)
}

// TestAppendedBehindOthers: what a change appends behind events that it has not
// seen is not remembered as if it had.
func TestAppendedBehindOthers(t *testing.T) {
	logger, told := logging()
	store, agg := memory.New(), resource(1)
	r := repository.New(store, compute.Definition(), repository.Options{Logger: logger})
	appendAll(t, store, agg, history(agg, 1, 3)...)
	load(t, r, agg, 3)
	if _, err := r.Change(t.Context(), agg.ID, func(in instance) (aggregate.Commit[compute.State], error) {
		appendAll(t, store, agg, tagged(agg, 4))
		c, err := compute.Definition().Record(in, compute.Event{Header: header(agg, 5), Payload: compute.AccountConceptCleared{}})
		c.Expected = event.Any()
		return c, err
	}); err != nil {
		t.Fatal(err)
	}
	if got := load(t, r, agg, 5).State.AssetTag; got != "T-4" || told.Len() > 0 {
		t.Errorf("asset tag %s, told %s", got, told)
	}
}
