package rows

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Sorted writes are the same ones, each once, in the order of their keys: numbers by
// value, truth false first, texts and blobs byte by byte, column after column.
func TestSortByKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := newWrites(Table{Name: "t", Columns: []Column{{"a", Text}, {"b", Integer}, {"c", Blob}, {"d", Boolean}}})
		tab.Key = rapid.Permutation([]int{0, 1, 2, 3}).Draw(t, "key")[:rapid.IntRange(1, 4).Draw(t, "columns")]
		seen := map[*Write]bool{}
		for range rapid.IntRange(0, 30).Draw(t, "writes") {
			w := &Write{Row: Row{
				rapid.SampledFrom([]string{"", "a", "a\x00", "abcdefgh", "abcdefghi", "abcdefghj", "\xff"}).Draw(t, "text"),
				rapid.SampledFrom([]int64{math.MinInt64, -1, 0, 1, math.MaxInt64}).Draw(t, "integer"),
				[]byte(rapid.SampledFrom([]string{"", "x", "\x7f", "\x80", "xxxxxxxx\x00", "xxxxxxxx"}).Draw(t, "blob")),
				rapid.Bool().Draw(t, "truth"),
			}}
			tab.List, seen[w] = append(tab.List, w), true
		}
		tab.SortByKey()
		if len(tab.List) != len(seen) {
			t.Fatalf("%d writes, not %d", len(tab.List), len(seen))
		}
		for i, w := range tab.List {
			if !seen[w] {
				t.Fatal("a write is there twice")
			}
			delete(seen, w)
			if i > 0 && after(tab.Key, tab.List[i-1].Row, w.Row) {
				t.Errorf("%v comes before %v", tab.List[i-1].Row, w.Row)
			}
		}
	})
}

// after says it in other words.
func after(key []int, a, b Row) bool {
	for _, i := range key {
		if fmt.Sprint(a[i]) == fmt.Sprint(b[i]) {
			continue
		}
		switch i {
		case 0:
			return a[i].(string) > b[i].(string)
		case 1:
			return a[i].(int64) > b[i].(int64)
		case 2:
			return string(a[i].([]byte)) > string(b[i].([]byte))
		}
		return a[i].(bool)
	}
	return false
}

// A batch that is large enough to be decoded by several goroutines is the same as
// one that is handed in piece by piece, and its error is the first one's.
func TestDecodedSideBySide(t *testing.T) {
	declared := []Table{{Name: "t", Columns: []Column{{"id", Integer}, {"n", Integer}}, PrimaryKey: []string{"id"}}}
	whole := effect.Batch{Through: 5 * fewEffects}
	for i := range event.Position(5 * fewEffects) {
		f := effect.Effect{Kind: effect.Insert, Cause: i + 1, Name: "t", Body: fmt.Appendf(nil, `{"id":%d,"n":%d}`, i%97, i)}
		switch i % 5 {
		case 1:
			f = effect.Effect{Kind: effect.Update, Cause: i + 1, Name: "t", Key: fmt.Sprint(i % 89), Body: fmt.Appendf(nil, `{"n":%d}`, i)}
		case 2:
			f = effect.Effect{Kind: effect.Delete, Cause: i + 1, Name: "t", Key: fmt.Sprint(i % 7)}
		case 3:
			f = effect.Effect{Kind: effect.Log, Cause: i + 1, Body: []byte("nothing")}
		}
		whole.Effects = append(whole.Effects, f)
	}
	describe := func(m *Model) (list []string) {
		for _, w := range m.Tables[0].List {
			list = append(list, fmt.Sprint(*w))
		}
		return list
	}
	at := NewModel(declared, &plain)
	if err := at.Gather(whole, 3); err != nil {
		t.Fatal(err)
	}
	pieces := NewModel(declared, &plain)
	for i := 3; i < len(whole.Effects); i++ {
		piece := whole
		piece.Effects = whole.Effects[i : i+1]
		if err := pieces.Gather(piece, 3); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := fmt.Sprint(describe(at)), fmt.Sprint(describe(pieces)); got != want {
		t.Errorf("at once\n%s\npiece by piece\n%s", got, want)
	}
	at.Clear()
	for _, bad := range []int{5*fewEffects - 1, 4 * fewEffects, 7} {
		whole.Effects[bad].Kind, whole.Effects[bad].Name = effect.Insert, "stray"
		var row *RowError
		if err := at.Gather(whole, 0); !errors.As(err, &row) || row.Position != event.Position(bad+1) {
			t.Errorf("effect %d is bad: %v", bad, err)
		}
		at.Clear()
	}
}
