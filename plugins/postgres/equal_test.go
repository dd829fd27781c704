package postgres_test

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/plugins/postgres"
	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
)

// things has a column of each type, and one of each that can be in its key.
func things() []rows.Table {
	t := rows.Table{Name: "things", PrimaryKey: []string{"k_text", "k_integer", "k_boolean", "k_blob", "k_time"}}
	for _, name := range t.PrimaryKey {
		t.Columns = append(t.Columns, rows.Column{Name: name, Type: rows.Type(strings.TrimPrefix(name, "k_"))})
	}
	for _, typ := range rows.Types() {
		t.Columns = append(t.Columns, rows.Column{Name: string(typ), Type: typ})
	}
	return []rows.Table{t}
}

// drawValue draws a value of a type, as an effect writes it; times as fine as both
// databases hold them.
func drawValue(t *rapid.T, typ rows.Type, label string) string {
	text := rapid.StringMatching(`[a-zÄé😀'"\\%_$ \n]{0,5}`)
	switch typ {
	case rows.Text:
		return quoted(text.Draw(t, label))
	case rows.Integer:
		return fmt.Sprint(rapid.OneOf(rapid.Int64Range(-2, 2), rapid.Int64(), rapid.SampledFrom([]int64{math.MaxInt64, math.MinInt64})).Draw(t, label))
	case rows.Real:
		return rapid.SampledFrom([]string{"0", "-0.0", "0.1", "1e308", "-1.5e-320", "5e-324", "3", "123456789012345678", "1E2"}).Draw(t, label)
	case rows.Boolean:
		return fmt.Sprint(rapid.Bool().Draw(t, label))
	case rows.Blob:
		return quoted(base64.StdEncoding.EncodeToString(rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, label)))
	case rows.JSON:
		return rapid.SampledFrom([]string{`{"b":1,"a":2,"b":3}`, `[1.50, 12345678901234567890,"\u0000"]`, `"\ud83d\ude00"`, `1e400`, `false`, `{}`, `""`}).Draw(t, label)
	}
	return quoted(rapid.SampledFrom([]string{
		"2024-02-29T23:30:00.123456-01:00", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z", "2000-01-01T00:00:00+00:00",
	}).Draw(t, label))
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// drawThing draws an effect on one of few keys.
func drawThing(t *rapid.T, cause event.Position, ordinal uint32) effect.Effect {
	table := things()[0]
	f := effect.Effect{Cause: cause, Ordinal: ordinal, Name: table.Name}
	f.Kind = rapid.SampledFrom([]effect.Kind{effect.Insert, effect.Insert, effect.Update, effect.Delete}).Draw(t, "kind")
	key := rapid.IntRange(0, 3).Draw(t, "key")
	keys := []string{
		[]string{`"a"`, `""`, `"é"`, `"a "`}[key], fmt.Sprint(key % 2), fmt.Sprint(key == 1),
		[]string{`"AP8="`, `""`, `"AA=="`, `""`}[key], []string{`"2024-01-01T00:00:00Z"`, `"2024-01-01T00:00:00.000001Z"`}[key%2],
	}
	f.Key = "[" + strings.Join(keys, ",") + "]"
	var members []string
	for i, c := range table.Columns {
		switch {
		case i < len(keys):
			if f.Kind == effect.Insert {
				members = append(members, fmt.Sprintf("%q:%s", c.Name, keys[i]))
			}
		case rapid.IntRange(0, 3).Draw(t, "null") == 0:
			members = append(members, fmt.Sprintf("%q:null", c.Name))
		case rapid.Bool().Draw(t, "named"):
			members = append(members, fmt.Sprintf("%q:%s", c.Name, drawValue(t, c.Type, c.Name)))
		}
	}
	f.Body = []byte("{" + strings.Join(members, ",") + "}")
	return f
}

// contents are a table's rows in a form that tells all values apart and is the same
// for both databases. A column that is null is left out.
type contents map[string]map[string]string

func (c contents) add(values []any) {
	row, table := make(map[string]string), things()[0]
	var key []string
	for i, v := range values {
		if v == nil {
			continue
		}
		row[table.Columns[i].Name] = canonical(table.Columns[i].Type, v)
		if i < len(table.PrimaryKey) {
			key = append(key, row[table.Columns[i].Name])
		}
	}
	c[strings.Join(key, "|")] = row
}

func canonical(typ rows.Type, v any) string {
	switch v := v.(type) {
	case float64:
		return fmt.Sprintf("%x", math.Float64bits(v))
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000000000Z")
	case []byte:
		return fmt.Sprintf("%x", v)
	case int64:
		if typ == rows.Boolean {
			return fmt.Sprint(v == 1)
		}
	}
	return fmt.Sprint(v)
}

func thingsInSQLite(t testing.TB, path string) contents {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	found, err := db.Query("SELECT " + thingColumns(nil) + " FROM things")
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	all := make(contents)
	for found.Next() {
		values, into := make([]any, 12), make([]any, 12)
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all.add(values)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func thingsInPostgres(t testing.TB, cfg postgres.Config) contents {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn := connect(t, cfg)
	defer conn.Close(ctx)
	found, err := conn.Query(ctx, "SELECT "+thingColumns(map[rows.Type]string{rows.JSON: "::text"})+" FROM things", pgx.QueryExecModeDescribeExec)
	if err != nil {
		t.Fatal(err)
	}
	all := make(contents)
	for found.Next() {
		values, err := found.Values()
		if err != nil {
			t.Fatal(err)
		}
		all.add(values)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func thingColumns(as map[rows.Type]string) string {
	var all []string
	for _, c := range things()[0].Columns {
		all = append(all, rows.Quote(c.Name)+as[c.Type])
	}
	return strings.Join(all, ", ")
}

// TestSQLiteAndPostgresHoldTheSame performs the same effects in both, in batches of
// any sizes, and in PostgreSQL once more one by one. All three hold the same, value
// for value.
func TestSQLiteAndPostgresHoldTheSame(t *testing.T) {
	dir := t.TempDir()
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		lite := sqlite.Config{Path: filepath.Join(dir, fmt.Sprint(runs)), Tables: things()}
		batched, single := thingsConfig(t), thingsConfig(t)
		var effects []effect.Effect
		last := event.Position(rapid.IntRange(1, 12).Draw(rt, "events"))
		for cause := event.Position(1); cause <= last; cause++ {
			for ordinal := range rapid.Uint32Range(0, 3).Draw(rt, "effects") {
				effects = append(effects, drawThing(rt, cause, ordinal))
			}
		}
		anySize := func() event.Position { return event.Position(rapid.IntRange(1, 12).Draw(rt, "batch")) }
		e, err := sqlite.Open(t.Context(), lite, "things", 1)
		perform(rt, t, e, err, effects, last, anySize)
		p, err := postgres.Open(t.Context(), batched, "things", 1)
		if err == nil {
			p.LoadFrom(rapid.IntRange(1, 3).Draw(rt, "load from"))
		}
		perform(rt, t, p, err, effects, last, anySize)
		p, err = postgres.Open(t.Context(), single, "things", 1)
		perform(rt, t, p, err, oneEffectAnEvent(effects), event.Position(len(effects)), func() event.Position { return 1 })

		want := thingsInSQLite(t, lite.Path)
		if diff := cmp.Diff(want, thingsInPostgres(t, batched)); diff != "" {
			rt.Fatalf("in batches (-sqlite +postgres):\n%s", diff)
		}
		if diff := cmp.Diff(want, thingsInPostgres(t, single)); diff != "" {
			rt.Fatalf("one by one (-sqlite +postgres):\n%s", diff)
		}
	})
}

func thingsConfig(t *testing.T) postgres.Config {
	url, schema := schemaOf(t)
	return postgres.Config{URL: url, Schema: schema, Tables: things()}
}

// oneEffectAnEvent has each effect caused by an event of its own.
func oneEffectAnEvent(effects []effect.Effect) []effect.Effect {
	single := make([]effect.Effect, len(effects))
	for i, f := range effects {
		f.Cause, f.Ordinal = event.Position(i+1), 0
		single[i] = f
	}
	return single
}

// perform executes effects in batches, and closes the executor.
func perform(rt *rapid.T, t *testing.T, e engine.Executor, err error, effects []effect.Effect, last event.Position, size func() event.Position) {
	if err != nil {
		rt.Fatal(err)
	}
	for at := event.Position(0); at < last; {
		through := min(at+size(), last)
		var part []effect.Effect
		for _, f := range effects {
			if f.Cause > at && f.Cause <= through {
				part = append(part, f)
			}
		}
		if err := e.Execute(t.Context(), batch("things", 1, at, through, part...)); err != nil {
			rt.Fatal(err)
		}
		at = through
	}
	if err := e.Close(); err != nil {
		rt.Fatal(err)
	}
}

// Of a time PostgreSQL keeps less than SQLite. In a key that would make one row of
// two.
func TestTimesFinerThanMicroseconds(t *testing.T) {
	cfg := thingsConfig(t)
	e, err := postgres.Open(t.Context(), cfg, "things", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	body := `{"k_text":"a","k_integer":1,"k_boolean":true,"k_blob":"","k_time":"2024-01-01T00:00:00%sZ","time":"1950-01-01T00:00:00.123456999Z"}`
	mustExecute(t, e, batch("things", 1, 0, 1, insert(1, "things", fmt.Sprintf(body, ""))))
	wantRowError(t, e.Execute(t.Context(), batch("things", 1, 1, 2, insert(2, "things", fmt.Sprintf(body, ".0000001")))), 2, 0, "finer than what the database keeps")
	for _, row := range thingsInPostgres(t, cfg) {
		if got, want := row["time"], "1950-01-01T00:00:00.123456000Z"; got != want {
			t.Errorf("the time is %s, want %s", got, want)
		}
	}
}
