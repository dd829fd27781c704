package sqlite_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
)

// Rows that many go together of into a statement are those that go one by one, into a
// table of few columns and into one so wide that few go together, or none.
func TestManyRows(t *testing.T) {
	for _, columns := range []int{1, 3, 60, 600} {
		t.Run(fmt.Sprintf("%d columns", columns), func(t *testing.T) {
			together, byOne := openWide(t, columns), openWide(t, columns)
			at := event.Position(0)
			for n, part := range [][2]int{{0, 71}, {50, 133}, {0, 32}} {
				effects := wideEffects(at, n, part[0], part[1], columns)
				through := effects[len(effects)-1].Cause
				mustExecute(t, together.Executor, batch("ledger", 1, at, through, effects...))
				for few := range slices.Chunk(effects, 7) {
					next := few[len(few)-1].Cause
					mustExecute(t, byOne.Executor, batch("ledger", 1, at, next, few...))
					at = next
				}
			}
			want, got := stored(t, byOne.path, "wide"), stored(t, together.path, "wide")
			if len(want) != 131 {
				t.Errorf("there are %d rows, want 131", len(want))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rows (-by one +together):\n%s", diff)
			}
		})
	}
}

// wideEffects put the rows of a range, change one where there is more than a key, and
// remove one.
func wideEffects(at event.Position, n, first, end, columns int) (effects []effect.Effect) {
	for i := first; i < end; i++ {
		row := fmt.Sprintf(`{"id":"%d"`, i*7919%1009)
		if columns > 1 && i%3 > 0 {
			row += fmt.Sprintf(`,"c1":"é %d","c%d":%d`, n, columns-1, i*n)
		}
		effects = append(effects, insert(0, "wide", row+"}"))
	}
	if columns > 1 {
		effects = append(effects, effect.Effect{Kind: effect.Update, Name: "wide", Key: fmt.Sprint((first + 20) * 7919 % 1009), Body: []byte(`{"c1":"changed"}`)})
	}
	effects = append(effects, effect.Effect{Kind: effect.Delete, Name: "wide", Key: fmt.Sprint((first + 9) * 7919 % 1009)})
	for i := range effects {
		effects[i].Cause = at + event.Position(i) + 1
	}
	return effects
}

type wideTable struct {
	*sqlite.Executor
	path string
}

// openWide makes a table of a key, texts and, last, an integer.
func openWide(t *testing.T, columns int) wideTable {
	path := filepath.Join(t.TempDir(), "read.db")
	wide := rows.Table{Name: "wide", Columns: []rows.Column{{Name: "id", Type: rows.Text}}, PrimaryKey: []string{"id"}}
	for i := 1; i < columns; i++ {
		wide.Columns = append(wide.Columns, rows.Column{Name: fmt.Sprintf("c%d", i), Type: rows.Text})
	}
	if columns > 1 {
		wide.Columns[columns-1].Type = rows.Integer
	}
	return wideTable{open(t, sqlite.Config{Path: path, Tables: []rows.Table{wide}}, "ledger", 1), path}
}
