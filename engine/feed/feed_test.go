package feed

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/frame"
)

// aggregate is the id of the n-th aggregate.
func aggregate(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("00000000-0000-4000-8000-%012x", n))
}

// recorded is an event of aggregate 1 at a position.
func recorded(at event.Position, typ, data string) event.Recorded {
	return event.Recorded{
		Event: event.Event{
			ID:            uuid.MustParse(fmt.Sprintf("00000000-0000-7000-8000-%012x", at)),
			Aggregate:     event.Aggregate{Type: "thing", ID: aggregate(1)},
			Type:          typ,
			Time:          time.Unix(0, int64(at)),
			CorrelationID: aggregate(9),
			Data:          []byte(data),
		},
		Position: at,
		Version:  event.Version(at),
	}
}

func noState([]byte) ([]byte, bool) { return nil, false }

// build builds a batch and opens its frame; the batch is nil-framed if nothing
// was wanted.
func build(t testing.TB, b *Builder, events []event.Recorded, prior Lookup) (*Batch, frame.Batch) {
	t.Helper()
	batch, err := b.Build(events, prior)
	if err != nil {
		t.Fatal(err)
	}
	if batch.Frame == nil {
		return batch, frame.Batch{}
	}
	opened, err := frame.OpenBatch(batch.Frame)
	if err != nil {
		t.Fatalf("the frame does not open: %v", err)
	}
	return batch, opened
}

// groupText is what a test compares of a group.
type groupText struct {
	Key       string
	State     string
	HasState  bool
	Positions []uint64
}

func groupsOf(f frame.Batch) []groupText {
	var list []groupText
	for g := range f.Groups() {
		state, ok := g.State()
		text := groupText{Key: string(g.Key()), State: string(state), HasState: ok}
		for e := range g.Events() {
			text.Positions = append(text.Positions, e.Position())
		}
		list = append(list, text)
	}
	return list
}

func diff(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}
