package repository_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/snapshot"
)

// load loads the resource and checks it against its n events in the log.
func load(t *testing.T, r *resources, agg event.Aggregate, n int) instance {
	t.Helper()
	in, err := r.Load(t.Context(), agg.ID)
	if err != nil {
		t.Fatal(err)
	}
	if in.Version != event.Version(n) || in.State.Version != in.Version {
		t.Fatalf("loaded version %d with a state of version %d, want %d", in.Version, in.State.Version, n)
	}
	return in
}

// TestWhenSnapshotsAreTaken follows the reads: "V+N" is N events from version V.
func TestWhenSnapshotsAreTaken(t *testing.T) {
	store := &reads{Store: memory.New()}
	agg := resource(1)
	r := repository.New(store, compute.Definition(), repository.Options{Remember: -1, Snapshots: snapshot.At(t.TempDir()), Every: 10})
	for _, step := range []struct {
		append int
		want   string
	}{
		{0, "1+0"},  // no events, no snapshot
		{9, "1+9"},  // not due
		{0, "1+9"},  // still not
		{1, "1+10"}, // taken at 10
		{0, "10+1"}, // used: the one event is the proof
		{9, "10+10"},
		{0, "10+10"},
		{1, "10+11"}, // taken at 20
		{25, "20+26"},
		{0, "45+1"},
	} {
		appendAll(t, store, agg, history(agg, int(numberOf(t, store, agg)+1), step.append)...)
		n := numberOf(t, store, agg)
		store.take()
		load(t, r, agg, n)
		if got := strings.Join(store.take(), " "); got != step.want {
			t.Errorf("at version %d it read %s, want %s", n, got, step.want)
		}
	}
}

func numberOf(t *testing.T, store repository.Store, agg event.Aggregate) int {
	t.Helper()
	all, err := store.Read(t.Context(), agg, 1)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestByDefaultEveryHundredEvents(t *testing.T) {
	store := &reads{Store: memory.New()}
	agg := resource(1)
	r := repository.New(store, compute.Definition(), repository.Options{Remember: -1, Snapshots: snapshot.At(t.TempDir())})
	appendAll(t, store, agg, history(agg, 1, 99)...)
	load(t, r, agg, 99)
	appendAll(t, store, agg, tagged(agg, 100))
	load(t, r, agg, 100)
	load(t, r, agg, 100)
	if got, want := store.take(), []string{"1+99", "1+100", "100+1"}; !slices.Equal(got, want) {
		t.Errorf("it read %v, want %v", got, want)
	}
}

func TestNoSnapshotsByDefault(t *testing.T) {
	store := &reads{Store: memory.New()}
	agg := resource(1)
	appendAll(t, store, agg, history(agg, 1, 300)...)
	r := repository.New(store, compute.Definition(), repository.Options{Remember: -1})
	load(t, r, agg, 300)
	load(t, r, agg, 300)
	if got, want := store.take(), []string{"1+300", "1+300"}; !slices.Equal(got, want) {
		t.Errorf("it read %v, want %v", got, want)
	}
}

// spoiled is a place for snapshots that are changed on their way out, or fail.
type spoiled struct {
	snapshot.Dir
	change  func(*aggregate.Snapshot)
	loadErr error
	saveErr error
}

func (p spoiled) Load(ctx context.Context, agg event.Aggregate) (aggregate.Snapshot, bool, error) {
	if p.loadErr != nil {
		return aggregate.Snapshot{}, false, p.loadErr
	}
	s, found, err := p.Dir.Load(ctx, agg)
	if p.change != nil && found {
		p.change(&s)
	}
	return s, found, err
}

func (p spoiled) Save(ctx context.Context, s aggregate.Snapshot) error {
	if p.saveErr != nil {
		return p.saveErr
	}
	return p.Dir.Save(ctx, s)
}

// TestUnusableSnapshots: each is told of, is not used, and is replaced, however
// few events there are.
func TestUnusableSnapshots(t *testing.T) {
	for name, test := range map[string]struct {
		place spoiled
		want  string
	}{
		"unreadable":           {spoiled{loadErr: errors.New("the disk is on fire")}, `level=WARN msg="a snapshot was not used" aggregate=AGG reason="the disk is on fire"`},
		"of another aggregate": {spoiled{change: func(s *aggregate.Snapshot) { s.Aggregate = resource(2) }}, `level=WARN msg="a snapshot was not used" aggregate=AGG reason="it is of version 5 of ` + resource(2).String() + `"`},
		"of version 0":         {spoiled{change: func(s *aggregate.Snapshot) { s.Version = 0 }}, `level=WARN msg="a snapshot was not used" aggregate=AGG reason="it is of version 0 of AGG"`},
		"of another revision":  {spoiled{change: func(s *aggregate.Snapshot) { s.Revision = "0" }}, `level=INFO msg="a snapshot was not used" aggregate=AGG reason="the snapshot is of revision \"0\"; the code's is \"1\""`},
		"of another catalog":   {spoiled{change: func(s *aggregate.Snapshot) { s.Digest[3]++ }}, `level=INFO msg="a snapshot was not used" aggregate=AGG reason="the event catalog has changed"`},
		"a state that is none": {spoiled{change: func(s *aggregate.Snapshot) { s.State = []byte("{}") }}, `level=WARN msg="a snapshot was not used" aggregate=AGG reason="decode the state of AGG: decode field \"id\": is missing or null"`},
		"without marks":        {spoiled{change: func(s *aggregate.Snapshot) { s.Marks = s.Marks[:8] }}, `level=WARN msg="a snapshot was not used" aggregate=AGG reason="it has 8 bytes of marks, which are not those of 5 events"`},
		"ahead of the log":     {spoiled{change: func(s *aggregate.Snapshot) { s.Version = 8 }}, `level=WARN msg="a snapshot was not used" aggregate=AGG reason="its version 8 is ahead of the log"`},
		"far ahead of the log": {spoiled{change: func(s *aggregate.Snapshot) { s.Version = 1<<64 - 1 }}, `level=WARN msg="a snapshot was not used" aggregate=AGG reason="its version 18446744073709551615 is ahead of the log"`},
		"behind another event": {spoiled{change: func(s *aggregate.Snapshot) { s.EventID = numbered(99) }}, fmt.Sprintf(`level=WARN msg="a snapshot was not used" aggregate=AGG reason="it is of another history: its version 5 is event %s at position 5, the log has event %s at position 5"`, numbered(99), numbered(5))},
		"at another version":   {spoiled{change: func(s *aggregate.Snapshot) { s.Version = 4 }}, fmt.Sprintf(`level=WARN msg="a snapshot was not used" aggregate=AGG reason="it is of another history: its version 4 is event %s at position 5, the log has event %s at position 4"`, numbered(5), numbered(4))},
		"at another position":  {spoiled{change: func(s *aggregate.Snapshot) { s.Position = 6 }}, fmt.Sprintf(`level=WARN msg="a snapshot was not used" aggregate=AGG reason="it is of another history: its version 5 is event %s at position 6, the log has event %s at position 5"`, numbered(5), numbered(5))},
	} {
		t.Run(name, func(t *testing.T) {
			store, agg := memory.New(), resource(1)
			test.place.Dir = snapshot.At(t.TempDir())
			appendAll(t, store, agg, history(agg, 1, 5)...)
			load(t, repository.New(store, compute.Definition(), repository.Options{Snapshots: test.place.Dir, Every: 5}), agg, 5)
			appendAll(t, store, agg, tagged(agg, 6))
			want := load(t, repository.New(store, compute.Definition(), repository.Options{}), agg, 6)

			logger, told := logging()
			got := load(t, repository.New(store, compute.Definition(), repository.Options{Snapshots: test.place, Every: 1000, Logger: logger}), agg, 6)
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(compute.Hostname{})); diff != "" {
				t.Errorf("(-replay +load):\n%s", diff)
			}
			if text := strings.ReplaceAll(told.String(), agg.String(), "AGG"); text != test.want+"\n" {
				t.Errorf("told: %s want: %s", text, test.want)
			}
			if s, found, err := test.place.Dir.Load(t.Context(), agg); !found || s.Version != 6 || err != nil {
				t.Errorf("the snapshot now: version %d, %v, %v", s.Version, found, err)
			}
		})
	}
}

// A place that takes nothing fails no load and no command.
func TestSaveFails(t *testing.T) {
	store, agg := memory.New(), resource(1)
	logger, told := logging()
	place := spoiled{Dir: snapshot.At(t.TempDir()), saveErr: errors.New("the disk is full")}
	r := repository.New(store, compute.Definition(), repository.Options{Remember: -1, Snapshots: place, Every: 1, Logger: logger})
	o := compute.Origin{EventID: numbered(1), Time: header(agg, 1).Time, CorrelationID: numbered(0xc00000)}
	if _, err := r.Execute(t.Context(), agg.ID, compute.RegisterResource{
		EventID: o.EventID, Time: o.Time, CorrelationID: o.CorrelationID, Hostname: hostname(t, "a.b"), ResourceType: compute.Router,
	}); err != nil {
		t.Fatal(err)
	}
	o.EventID = numbered(2)
	in, err := r.Execute(t.Context(), agg.ID, compute.ClearAccountConcept{Origin: o})
	if err != nil || in.Version != 2 {
		t.Fatalf("version %d, %v", in.Version, err)
	}
	load(t, r, agg, 2)
	want := `level=WARN msg="a snapshot was not saved" aggregate=` + agg.String() + ` error="the disk is full"` + "\n"
	if told.String() != want+want {
		t.Errorf("told: %s want twice: %s", told, want)
	}
}

// An aggregate without a state codec, or with one that loses something, is
// loaded from its events.
func TestUnfitCodecs(t *testing.T) {
	lossy := compute.Definition()
	lossy.StateCodec = aggregate.NewStateCodec[compute.State]("1")
	lossy.StateCodec.Decode = func(b []byte) (s compute.State, err error) {
		err = s.UnmarshalJSON(b)
		s.AssetTag = ""
		return s, err
	}
	none := compute.Definition()
	none.StateCodec = aggregate.StateCodec[compute.State]{}
	for want, def := range map[string]definition{
		`level=WARN msg="a snapshot was not saved" aggregate=AGG error="snapshot of AGG: the state codec does not give back the state that it was given"`: lossy,
		`level=WARN msg="no snapshots: the aggregate has no state codec" aggregate_type=compute`:                                                          none,
	} {
		store, agg := memory.New(), resource(1)
		appendAll(t, store, agg, history(agg, 1, 5)...)
		logger, told := logging()
		place := snapshot.At(t.TempDir())
		r := repository.New(store, def, repository.Options{Snapshots: place, Every: 3, Logger: logger})
		load(t, r, agg, 5)
		if text := strings.ReplaceAll(told.String(), agg.String(), "AGG"); text != want+"\n" {
			t.Errorf("told: %s want: %s", text, want)
		}
		if in := load(t, r, agg, 5); in.State.AssetTag != "T-5" {
			t.Errorf("asset tag %q", in.State.AssetTag)
		}
		if s, found, err := place.Load(t.Context(), agg); found || err != nil {
			t.Errorf("kept: %+v, %v", s, err)
		}
	}
}

// What the store says is the error of the load, as it is without snapshots.
func TestStoreErrors(t *testing.T) {
	store, agg := memory.New(), resource(1)
	appendAll(t, store, agg, history(agg, 1, 5)...)
	r := repository.New(store, compute.Definition(), repository.Options{Snapshots: snapshot.At(t.TempDir()), Every: 5})
	load(t, r, agg, 5)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if in, err := r.Load(ctx, agg.ID); !errors.Is(err, context.Canceled) || in.Version != 0 {
		t.Errorf("version %d, %v", in.Version, err)
	}
	foreign := tagged(agg, 6)
	foreign.Type = "painted_blue"
	appendAll(t, store, agg, foreign)
	_, want := repository.New(store, compute.Definition(), repository.Options{}).Load(t.Context(), agg.ID)
	_, got := r.Load(t.Context(), agg.ID)
	if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(got)); diff != "" || got == nil {
		t.Errorf("(-replay +load):\n%s", diff)
	}
}
