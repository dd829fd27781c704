package storetest

import (
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// Verify reads the whole log and reports positions with holes, versions with
// holes, ids that occur twice, and aggregates that read otherwise on their own
// than within the log. It may be called in t.Cleanup, before the store is
// closed.
func Verify(t *testing.T, s eventstore.Store) {
	t.Helper()
	ctx := background()
	head, err := s.Head(ctx)
	if err != nil {
		t.Errorf("verify: head: %v", err)
		return
	}
	all, err := s.ReadAll(ctx, 1, int(head)+1)
	if err != nil || len(all) != int(head) {
		t.Errorf("verify: ReadAll returned %d events of %d, error %v", len(all), head, err)
		return
	}
	byAggregate := make(map[event.Aggregate][]event.Recorded)
	ids := make(map[uuid.UUID]event.Position)
	for i, r := range all {
		if want := event.Position(i + 1); r.Position != want {
			t.Errorf("verify: position %d where %d should be", r.Position, want)
		}
		if first, taken := ids[r.ID]; taken {
			t.Errorf("verify: event id %s at positions %d and %d", r.ID, first, r.Position)
		}
		ids[r.ID] = r.Position
		byAggregate[r.Aggregate] = append(byAggregate[r.Aggregate], r)
		if want := event.Version(len(byAggregate[r.Aggregate])); r.Version != want {
			t.Errorf("verify: %s has version %d at position %d, want %d", r.Aggregate, r.Version, r.Position, want)
		}
	}
	verifyAggregates(t, s, byAggregate)
}

// maxVerified bounds the aggregates that are also read on their own.
const maxVerified = 20

func verifyAggregates(t *testing.T, s eventstore.Store, byAggregate map[event.Aggregate][]event.Recorded) {
	t.Helper()
	verified := 0
	for agg, want := range byAggregate {
		if verified++; verified > maxVerified {
			return
		}
		got, err := s.Read(background(), agg, 1)
		if err != nil {
			t.Errorf("verify: read %s: %v", agg, err)
		}
		sameLog(t, want, got)
		version, err := s.Version(background(), agg)
		if err != nil || version != event.Version(len(want)) {
			t.Errorf("verify: version of %s is %d, error %v, want %d", agg, version, err, len(want))
		}
	}
}
