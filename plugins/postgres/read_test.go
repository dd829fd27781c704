package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/postgres"
	"github.com/refold-dev/refold/plugins/rows"
)

// A generation is read as it is at one moment, whoever writes meanwhile, and a scratch
// schema is there only until it is dropped.
func TestReadIsOfOneMoment(t *testing.T) {
	to, schema := schemaOf(t)
	cfg := postgres.Config{URL: to, Schema: schema, Tables: []rows.Table{
		{Name: "pairs", PrimaryKey: []string{"a", "b"}, Columns: []rows.Column{{Name: "a", Type: rows.Text}, {Name: "b", Type: rows.Integer}, {Name: "c", Type: rows.Real}}},
	}}
	scratch, drop, err := postgres.Scratch(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []postgres.Config{cfg, scratch} {
		e := open(t, cfg, "ledger", 3)
		write := func(at event.Position, row string) {
			if err := e.Execute(t.Context(), batch("ledger", 3, at-1, at, insert(at, "pairs", row))); err != nil {
				t.Fatal(err)
			}
		}
		write(1, `{"a":"x","b":10,"c":0.1}`)
		write(2, `{"a":"x","b":9,"c":null}`)
		write(3, `{"a":"it's","b":1,"c":2}`)
		var got []string
		err := postgres.Read(t.Context(), cfg, "ledger", 3, func(at event.Position) error {
			if at != 3 {
				t.Errorf("it is at position %d", at)
			}
			write(4, `{"a":"y","b":0,"c":0}`)
			return nil
		}, func(table, key, text string) error {
			got = append(got, strings.ReplaceAll(key, "\x00", "|")+": "+text)
			return nil
		})
		want := []string{"it's|1: a='it''s', b='1', c='2'", "x|10: a='x', b='10', c='0.1'", "x|9: a='x', b='9', c=NULL"}
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%v, rows (-want +got):\n%s", err, d)
		}
	}
	stop := errors.New("stop")
	if err := postgres.Read(t.Context(), cfg, "ledger", 3, func(event.Position) error { return stop }, nil); !errors.Is(err, stop) {
		t.Errorf("the error is %v", err)
	}
	if err := postgres.Read(t.Context(), cfg, "ledger", 7, nil, nil); err == nil {
		t.Error("a generation that is not there is read")
	}
	if err := drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := column(t, cfg, `SELECT nspname::text FROM pg_namespace WHERE nspname = $1`, scratch.Schema); len(left) > 0 {
		t.Errorf("there is still %v", left)
	}
	if _, _, err := postgres.Scratch(t.Context(), postgres.Config{ExistingTables: true}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("existing tables: %v", err)
	}
}

// What a process has left that was killed goes away with the next one's; what somebody
// holds stays.
func TestScratchDropsWhatIsLeft(t *testing.T) {
	to, schema := schemaOf(t)
	cfg := postgres.Config{URL: to, Schema: schema, Tables: []rows.Table{
		{Name: "t", PrimaryKey: []string{"a"}, Columns: []rows.Column{{Name: "a", Type: rows.Text}}},
	}}
	held, drop, err := postgres.Scratch(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	left := held
	left.Schema = "refold_scratch_left"
	for _, cfg := range []postgres.Config{held, left} {
		if err := open(t, cfg, "p", 1).Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, dropNext, err := postgres.Scratch(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	got := column(t, cfg, `SELECT nspname::text FROM pg_namespace WHERE nspname IN ($1, 'refold_scratch_left')`, held.Schema)
	if len(got) != 1 || got[0] != held.Schema {
		t.Errorf("there are %v, want that which is held", got)
	}
	for _, drop := range []func(context.Context) error{drop, dropNext} {
		if err := drop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
