package sqlite_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
)

// A generation is read as it is at one moment, whoever writes meanwhile, and the one
// beside it as well.
func TestReadIsOfOneMoment(t *testing.T) {
	cfg := sqlite.Config{Path: filepath.Join(t.TempDir(), "read.db"), Tables: []rows.Table{
		{Name: "pairs", PrimaryKey: []string{"a", "b"}, Columns: []rows.Column{{Name: "a", Type: rows.Text}, {Name: "b", Type: rows.Integer}, {Name: "c", Type: rows.Real}}},
	}}
	open := func(generation uint64) *sqlite.Executor {
		e, err := sqlite.Open(t.Context(), cfg, "ledger", generation)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		return e
	}
	e, next := open(1), open(2)
	write := func(e *sqlite.Executor, generation uint64, at event.Position, row string) {
		if err := e.Execute(t.Context(), batch("ledger", generation, at-1, at, insert(at, "pairs", row))); err != nil {
			t.Fatal(err)
		}
	}
	write(e, 1, 1, `{"a":"x","b":10,"c":0.1}`)
	write(e, 1, 2, `{"a":"x","b":9,"c":null}`)
	write(e, 1, 3, `{"a":"it's","b":1,"c":2}`)
	write(next, 2, 1, `{"a":"x","b":10,"c":5}`)
	read := func(generation uint64, meanwhile func()) (list []string) {
		var position event.Position
		err := sqlite.Read(t.Context(), cfg, "ledger", generation, func(at event.Position) error {
			position = at
			meanwhile()
			return nil
		}, func(table, key, text string) error {
			list = append(list, strings.ReplaceAll(key, "\x00", "|")+": "+text)
			return nil
		})
		if err != nil || position != event.Position(4-2*(generation-1)-1) {
			t.Fatalf("at position %d, %v", position, err)
		}
		return list
	}
	got := read(1, func() { write(e, 1, 4, `{"a":"y","b":0,"c":0}`) })
	want := []string{"it's|1: a='it''s', b=1, c=2.0", "x|10: a='x', b=10, c=0.1", "x|9: a='x', b=9, c=NULL"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if got := read(2, func() {}); len(got) != 1 {
		t.Errorf("rows of the generation beside: %v", got)
	}
	stop := errors.New("stop")
	err := sqlite.Read(t.Context(), cfg, "ledger", 1, func(event.Position) error { return nil }, func(_, _, _ string) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("the error is %v", err)
	}
	if err := sqlite.Read(t.Context(), cfg, "ledger", 7, nil, nil); err == nil {
		t.Error("a generation that is not there is read")
	}
}
