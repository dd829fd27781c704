package storetest

import (
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// Verify reports what eventstore.Verify finds wrong with the whole log, and
// aggregates that read otherwise on their own than within the log. It may be
// called in t.Cleanup, before the store is closed.
func Verify(t *testing.T, s eventstore.Log) {
	t.Helper()
	ctx := background()
	report, err := eventstore.Verify(ctx, s)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	all, err := s.ReadAll(ctx, 1, int(report.Through)+1)
	if err != nil || len(all) < int(report.Through) {
		t.Errorf("verify: ReadAll returned %d events of %d, error %v", len(all), report.Through, err)
		return
	}
	byAggregate := make(map[event.Aggregate][]event.Recorded)
	for _, r := range all {
		byAggregate[r.Aggregate] = append(byAggregate[r.Aggregate], r)
	}
	verifyAggregates(t, s, byAggregate)
}

// maxVerified bounds the aggregates that are also read on their own.
const maxVerified = 20

func verifyAggregates(t *testing.T, s eventstore.Log, byAggregate map[event.Aggregate][]event.Recorded) {
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
