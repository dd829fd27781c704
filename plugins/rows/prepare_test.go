package rows

import (
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Whatever is decoded ahead, and however much of that is gathered in the end, the
// writes are those of effects that are decoded in their turn.
func TestPreparedAsInItsTurn(t *testing.T) {
	declared := []Table{{Name: "t", Columns: []Column{{"id", Integer}, {"n", Integer}}, PrimaryKey: []string{"id"}}}
	rapid.Check(t, func(t *rapid.T) {
		ahead, plainly := NewModel(declared, &plain), NewModel(declared, &plain)
		at := event.Position(0)
		var batches []effect.Batch
		for range rapid.IntRange(1, 6).Draw(t, "batches") {
			b := effect.Batch{After: at}
			for range rapid.IntRange(0, 2*fewEffects).Draw(t, "effects") {
				at++
				body := fmt.Appendf(nil, `{"id":%d,"n":%d}`, at%7, at)
				if at%53 == 0 {
					body = []byte("no row")
				}
				b.Effects = append(b.Effects, effect.Effect{Kind: effect.Insert, Cause: at, Name: "t", Body: body})
			}
			b.Through = at
			batches = append(batches, b)
		}
		var preparing sync.WaitGroup
		defer preparing.Wait()
		for i, b := range batches {
			if rapid.Bool().Draw(t, "again") { // what is prepared twice is gathered once
				ahead.Prepare(b.Effects)
			}
			preparing.Wait()
			if i+1 < len(batches) && rapid.Bool().Draw(t, "ahead") {
				preparing.Go(func() { ahead.Prepare(batches[i+1].Effects) })
			}
			behind := b.After + event.Position(rapid.IntRange(0, len(b.Effects)).Draw(t, "behind"))
			got, want := ahead.Gather(b, behind), plainly.Gather(b, behind)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("prepared: %v, in its turn: %v", got, want)
			}
			if got, want := listed(ahead), listed(plainly); got != want {
				t.Fatalf("prepared\n%s\nin its turn\n%s", got, want)
			}
			ahead.Clear()
			plainly.Clear()
		}
	})
}

func listed(m *Model) (text string) {
	for _, w := range m.Tables[0].List {
		text += fmt.Sprintln(*w)
	}
	return text
}
