package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore/archive"
	"github.com/refold-dev/refold/sdk/manifest"
)

// historyOf are the changes of a key.
func (r *rig) historyOf(pipeline, key string) (list []engine.KeyChange) {
	r.t.Helper()
	must(r.t, r.engine.History(r.ctx, pipeline, key, func(c engine.KeyChange) error {
		list = append(list, c)
		return nil
	}))
	return list
}

// A key's history is its naive fold, event by event.
func TestAKeysHistoryIsItsFold(t *testing.T) {
	all := history(200)
	r := newRig(t, newLog(t, all), lines())
	r.open()
	r.catchUp()
	for _, key := range []string{"dir/0", "dir/7", "dir/19"} {
		type change struct {
			Position event.Position
			ID       uuid.UUID
			State    string
		}
		var want, got []change
		for i := range all {
			is, was := wantLines(all[:i+1])[key], wantLines(all[:i])[key]
			if is != was {
				want = append(want, change{event.Position(i + 1), all[i].ID, asJSON(is)})
			}
		}
		for _, c := range r.historyOf("lines", key) {
			got = append(got, change{c.Position, c.Event.ID, string(c.State)})
		}
		if d := cmp.Diff(want, got); d != "" || len(want) == 0 {
			t.Errorf("history of %s (-want +got):\n%s", key, d)
		}
	}
	if err := r.engine.History(t.Context(), "lines", "nowhere", nil); !errors.Is(err, engine.ErrNoKey) {
		t.Errorf("of a key that never was: %v", err)
	}
}

// A key that is removed, made again and then parked has all of that in its history.
func TestAHistoryTellsRemovalAndPoison(t *testing.T) {
	r := newRig(t, newLog(t, []event.Event{told(0, "a", ""), told(1, "b", ""), told(2, "a", "remove"), told(3, "a", ""), told(4, "a", "reject"), told(5, "a", "")}), fickle())
	r.specs[0].OnError = ""
	r.open()
	r.catchUp()
	list := r.historyOf("fickle", "a")
	if len(list) != 4 || string(list[0].State) != `{"count":1,"last":1}` || list[1].State != nil || string(list[2].State) != `{"count":1,"last":4}` || list[3].Position != 5 || list[3].Error == "" {
		t.Errorf("the history is %s", asJSON(list))
	}
}

// paged is a log that counts the events that are read of it in pages.
type paged struct {
	*archive.Store
	read atomic.Int64
}

func (l *paged) ReadPage(ctx context.Context, p *event.Page, after event.Position, limit int, types ...string) error {
	err := l.Store.ReadPage(ctx, p, after, limit, types...)
	l.read.Add(int64(len(p.Events)))
	return err
}

// byAggregate is fickle, keyed by aggregates.
type byAggregate struct{ engine.Plugin }

func (p byAggregate) Manifest() manifest.Manifest {
	m := p.Plugin.Manifest()
	m.Key = ""
	return m
}

// Where keys are aggregates the archive's index leads to a key's events, and no others
// are read.
func TestAnAggregatesHistoryIsFoundByIndex(t *testing.T) {
	var all []event.Event
	for i := range 600 {
		all = append(all, told(i, "any", ""))
	}
	under := newLog(t, all)
	a, err := archive.Open(t.TempDir(), archive.Options{SegmentBytes: 64 << 10, BlockEvents: 16})
	must(t, err)
	log := &paged{Store: archive.NewStore(under, a)}
	t.Cleanup(func() { must(t, log.Store.Close()) })
	must(t, log.Level(t.Context()))
	r := newRig(t, log, fickle())
	r.opts.OpenPlugin = func(ctx context.Context, spec config.Projection) (engine.Plugin, error) {
		p, err := openPlugin(ctx, spec)
		return byAggregate{p}, err
	}
	r.open()
	r.catchUp()
	log.read.Store(0)
	id := all[3].Aggregate.ID
	list := r.historyOf("fickle", id.String())
	n := 0
	for i := range all {
		if all[i].Aggregate.ID != id {
			continue
		}
		if n++; n > len(list) || list[n-1].Position != event.Position(i+1) || string(list[n-1].State) != fmt.Sprintf(`{"count":%d,"last":%d}`, n, i+1) {
			t.Fatalf("change %d of %d is not that of event %d", n, len(list), i+1)
		}
	}
	if len(list) != n || log.read.Load() > 0 {
		t.Errorf("%d changes, want %d; %d events have been read", len(list), n, log.read.Load())
	}
}
