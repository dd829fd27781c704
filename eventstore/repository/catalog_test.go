package repository_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/snapshot"
	"github.com/refold-dev/refold/eventstore/upcast"
)

// A meter sums up what is read off it. Since version 2 of its event there is a
// factor, which the catalog says for older events.
type meter struct{ Sum int }

type measured struct {
	Value  int `json:"value"`
	Factor int `json:"factor"`
}

func meters(t *testing.T) aggregate.Definition[meter, aggregate.Command[int], aggregate.Fact[any]] {
	codec, err := aggregate.NewCodec("meter", aggregate.EventType[any]{Name: "measured", SchemaVersion: 2, Prototype: measured{}})
	if err != nil {
		t.Fatal(err)
	}
	return aggregate.Definition[meter, aggregate.Command[int], aggregate.Fact[any]]{
		Type: "meter", Codec: codec, StateCodec: aggregate.NewStateCodec[meter]("1"),
		Decider: aggregate.Stamped(aggregate.Decider[meter, int, any]{
			Initial: func(uuid.UUID) meter { return meter{} },
			Decide:  func(_ meter, value int) ([]any, error) { return []any{measured{value, 1}}, nil },
			Evolve: func(m meter, e any) meter {
				m.Sum += e.(measured).Value * e.(measured).Factor
				return m
			},
		}),
	}
}

// TestCatalogChanges: after an upcaster has been mended, what was folded under
// the old one is not used.
func TestCatalogChanges(t *testing.T) {
	log, folder := memory.New(), snapshot.At(t.TempDir())
	agg := event.Aggregate{Type: "meter", ID: numbered(1)}
	for n := range 4 {
		e := header(agg, 0x100+n).Event("meter", "measured", 1, []byte(`{"value":3}`))
		appendAll(t, log, agg, e)
	}
	for _, step := range []struct {
		factor string
		sum    int
	}{{"1", 12}, {"1", 12}, {"10", 120}, {"10", 120}, {"1", 12}} {
		types, err := catalog.New(catalog.Type{Name: "measured", Version: 2, Upcasters: []catalog.Upcaster{
			{From: 1, Steps: []catalog.Step{catalog.Add{Field: "factor", Default: []byte(step.factor)}}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		r := repository.New(upcast.Wrap(log, types), meters(t), repository.Options{Snapshots: folder, Every: 2, Digest: types.Digest()})
		in, err := r.Load(t.Context(), agg.ID)
		if err != nil || in.State.Sum != step.sum {
			t.Errorf("with factor %s: %+v, %v, want %d", step.factor, in.State, err, step.sum)
		}
	}
}

// TestRepeatedCommand: events that are stored already are stored once, and the
// aggregate is as the log has it.
func TestRepeatedCommand(t *testing.T) {
	for name, place := range map[string]repository.SnapshotStore{"with snapshots": snapshot.At(t.TempDir()), "without": nil} {
		t.Run(name, func(t *testing.T) {
			agg := event.Aggregate{Type: "meter", ID: numbered(1)}
			r := repository.New(memory.New(), meters(t), repository.Options{Snapshots: place, Every: 1})
			for _, step := range []struct {
				number, value, sum int
				version            event.Version
			}{{1, 5, 5, 1}, {2, 7, 12, 2}, {1, 5, 12, 2}, {2, 7, 12, 2}, {3, 1, 13, 3}} {
				in, err := r.Execute(t.Context(), agg.ID, aggregate.Command[int]{Header: header(agg, step.number), Body: step.value})
				if err != nil || in.State.Sum != step.sum || in.Version != step.version {
					t.Errorf("command %d: version %d, %+v, %v, want version %d, %d", step.number, in.Version, in.State, err, step.version, step.sum)
				}
			}
		})
	}
}
