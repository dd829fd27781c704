package process_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/executortest"
	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/process"
)

// TestConformance: an executor that is transactional, has generations and fences
// others off is so over a process, too.
func TestConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts more than a hundred processes")
	}
	executortest.Run(t, executortest.Suite{
		Features: executortest.Features{Transactional: true, Rows: true, Schema: true, Generations: true},
		New:      newLedger,
	})
}

func newLedger(t *testing.T) executortest.Store {
	path := tempFile(t, "read.db")
	h, _ := newHost(t)
	config := ledgerConfig(t, path)
	return executortest.Store{
		Open: func(pipeline string, generation uint64) (engine.Executor, error) {
			return h.OpenExecutor(t.Context(), as(t, "sqlite"), process.Opening{Pipeline: pipeline, Generation: generation, Config: config})
		},
		Rows: func(t *testing.T, table string) map[string]string { return readRows(t, path, table) },
		Check: func(t *testing.T) {
			for _, row := range readRows(t, path, "pragma_integrity_check") {
				if row != `{"integrity_check":"ok"}` {
					t.Error(row)
				}
			}
		},
		Provoke: map[executortest.Failure]func(*testing.T) executortest.Provoked{
			executortest.Retryable: func(t *testing.T) executortest.Provoked {
				db := database(t, path)
				_, err := db.Exec("BEGIN IMMEDIATE")
				must(t, err)
				return executortest.Provoked{Mend: func() {
					_, err := db.Exec("ROLLBACK")
					must(t, err)
				}}
			},
			executortest.Poison: func(*testing.T) executortest.Provoked {
				return executortest.Provoked{Effect: effect.Effect{Kind: effect.Insert, Name: "nowhere", Body: []byte(`{}`)}}
			},
			executortest.Fatal: func(t *testing.T) executortest.Provoked {
				exec := func(statement string) {
					_, err := database(t, path).Exec(statement)
					must(t, err)
				}
				exec("CREATE TRIGGER refuse BEFORE INSERT ON accounts BEGIN SELECT RAISE(ABORT, 'refused'); END")
				return executortest.Provoked{Mend: func() { exec("DROP TRIGGER refuse") }}
			},
		},
	}
}

func ledgerConfig(t testing.TB, path string) json.RawMessage {
	text, err := json.Marshal(sqlite.Config{Path: path, BusyTimeout: 100 * time.Millisecond, Tables: []rows.Table{
		{Name: "accounts", PrimaryKey: []string{"id"}, Columns: []rows.Column{
			{Name: "id", Type: rows.Text}, {Name: "owner", Type: rows.Text}, {Name: "balance", Type: rows.Integer}}},
		{Name: "entries", PrimaryKey: []string{"account", "seq"}, Columns: []rows.Column{
			{Name: "account", Type: rows.Text}, {Name: "seq", Type: rows.Integer}, {Name: "amount", Type: rows.Integer}}},
	}})
	must(t, err)
	return text
}

// database opens the file as another program would, with one connection.
func database(t testing.TB, path string) *sql.DB {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_busy_timeout=5000")
	must(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

// readRows reads a table as JSON objects by their keys.
func readRows(t testing.TB, path, table string) map[string]string {
	found, err := database(t, path).Query(`SELECT * FROM "` + table + `"`)
	must(t, err)
	defer found.Close()
	names, err := found.Columns()
	must(t, err)
	all := map[string]string{}
	for found.Next() {
		row, values, into := map[string]any{}, make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		must(t, found.Scan(into...))
		for i, name := range names {
			row[name] = values[i]
		}
		text, err := json.Marshal(row)
		must(t, err)
		all[keyOf(row, executortest.Keys(table))] = string(text)
	}
	must(t, found.Err())
	return all
}

func keyOf(row map[string]any, key []string) string {
	if len(key) == 1 {
		return fmt.Sprint(row[key[0]])
	}
	var parts []any
	for _, name := range key {
		parts = append(parts, row[name])
	}
	text, _ := json.Marshal(parts)
	return string(text)
}

func open(t *testing.T, c process.Command, config json.RawMessage) *process.Executor {
	t.Helper()
	h, _ := newHost(t)
	x, err := h.OpenExecutor(t.Context(), c, process.Opening{Pipeline: "stock", Generation: 2, Config: config})
	must(t, err)
	t.Cleanup(func() { must(t, x.Close()) })
	return x
}

func batch(after, through event.Position, effects ...effect.Effect) effect.Batch {
	return effect.Batch{Pipeline: "stock", Generation: 2, After: after, Through: through, Effects: effects}
}

func asked(kind effect.Kind, cause event.Position, name string) effect.Effect {
	return effect.Effect{Kind: kind, Cause: cause, Name: name}
}

// TestCrashRepeatsNoCommit: the process ends before or after it has committed; the
// caller repeats the batch, and each row is written once.
func TestCrashRepeatsNoCommit(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			path := tempFile(t, "read.db")
			x := open(t, as(t, "sqlite", when, tempFile(t, "died")), ledgerConfig(t, path))
			must(t, x.Activate(t.Context()))
			row := effect.Effect{Kind: effect.Insert, Cause: 3, Name: "accounts", Body: json.RawMessage(`{"id":"a","balance":1}`)}
			err := x.Execute(t.Context(), batch(0, 5, row))
			var passing *effect.RetryError
			if !errors.As(err, &passing) {
				t.Fatalf("the error is %v, want one that passes", err)
			}
			wantCode(t, err, runtime.Crashed)
			must(t, x.Execute(t.Context(), batch(0, 5, row)))
			if at, ok := x.Position(); at != 5 || !ok {
				t.Errorf("the position is %d, %v", at, ok)
			}
			must(t, x.Execute(t.Context(), batch(5, 6)))
			if diff := cmp.Diff(map[string]string{"a": `{"balance":1,"id":"a","owner":null}`}, readRows(t, path, "accounts")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFencedWhileDown: another executor has written while the process was down. The
// one that comes back does not take over again.
func TestFencedWhileDown(t *testing.T) {
	path := tempFile(t, "read.db")
	died := tempFile(t, "died")
	first := open(t, as(t, "sqlite", "before", died), ledgerConfig(t, path))
	row := effect.Effect{Kind: effect.Insert, Cause: 3, Name: "accounts", Body: json.RawMessage(`{"id":"a"}`)}
	if err := first.Execute(t.Context(), batch(0, 5, row)); err == nil {
		t.Fatal("the process did not end")
	}
	second := open(t, as(t, "sqlite"), ledgerConfig(t, path))
	must(t, second.Execute(t.Context(), batch(0, 7, row)))
	err := first.Execute(t.Context(), batch(0, 5, row))
	var fenced interface{ Fenced() bool }
	if !errors.As(err, &fenced) || !fenced.Fenced() {
		t.Errorf("the error is %v, want one that says it is fenced off", err)
	}
}

func TestFailuresKeepTheirClass(t *testing.T) {
	x := open(t, as(t, "fickle"), nil)
	execute := func(name string) error {
		return x.Execute(t.Context(), batch(0, 9, asked(effect.Log, 3, "fine"), asked(effect.Log, 4, name)))
	}
	must(t, execute("fine"))
	var retry *effect.RetryError
	if err := execute("retry"); !errors.As(err, &retry) || retry.After != 90*time.Second {
		t.Errorf("the error is %v", err)
	}
	var poison *effect.PoisonError
	if err := execute("poison"); !errors.As(err, &poison) || poison.Cause != 4 || !strings.HasSuffix(err.Error(), "it stinks (failed)") {
		t.Errorf("the error is %v", err)
	}
	var partial *effect.PartialError
	if err := execute("partial"); !errors.As(err, &partial) || partial.Cause != 4 || !errors.As(err, &retry) || retry.After != 0 {
		t.Errorf("the error is %v", err)
	}
	err := execute("fatal")
	if fault := wantCode(t, err, runtime.Failed); fault.Reason != "no hope" || errors.As(err, new(*effect.RetryError)) {
		t.Errorf("the error is %v", err)
	}
	wantCode(t, x.Activate(t.Context()), runtime.Failed)
	must(t, execute("fine"))
}

func TestEffectsArriveWhole(t *testing.T) {
	x := open(t, as(t, "fickle"), json.RawMessage(`{"a":[1,2]}`))
	q := effect.Effect{
		Kind: effect.Query, Cause: 7, Ordinal: 3, CauseID: uuid.UUID{1}, CorrelationID: uuid.UUID{2},
		CauseTime: time.Date(2024, 2, 29, 1, 2, 3, 4, time.UTC), Name: "select ünïcode", Key: "k", Body: json.RawMessage(`{"x":1}`),
	}
	answer, err := x.Query(t.Context(), q)
	must(t, err)
	var got struct {
		Opening struct {
			Pipeline   string
			Generation uint64
			Config     json.RawMessage
		}
		Effect effect.Effect
	}
	must(t, json.Unmarshal(answer, &got))
	if diff := cmp.Diff(q, got.Effect); diff != "" {
		t.Error(diff)
	}
	if o := got.Opening; o.Pipeline != "stock" || o.Generation != 2 || string(o.Config) != `{"a":[1,2]}` {
		t.Errorf("it was opened for %+v", o)
	}
}

func TestTextThatIsNotUTF8Condemns(t *testing.T) {
	x := open(t, as(t, "fickle"), nil)
	err := x.Execute(t.Context(), batch(0, 9, asked(effect.Log, 4, "\xff")))
	var poison *effect.PoisonError
	if !errors.As(err, &poison) || poison.Cause != 4 {
		t.Errorf("the error is %v", err)
	}
}

func TestInterrupted(t *testing.T) {
	x := open(t, as(t, "fickle"), nil)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := x.Execute(ctx, batch(0, 9, asked(effect.Log, 4, "wait"))); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	must(t, x.Execute(t.Context(), batch(0, 9)))
}

func TestExecutorHangs(t *testing.T) {
	c := as(t, "fickle")
	c.Timeout = 2 * time.Second
	x := open(t, c, nil)
	err := x.Execute(t.Context(), batch(0, 9, asked(effect.Log, 4, "hang")))
	wantCode(t, err, runtime.Hung)
	must(t, x.Execute(t.Context(), batch(0, 9)))
}

func TestExecutorCrashSaysWhy(t *testing.T) {
	x := open(t, as(t, "fickle"), nil)
	err := x.Execute(t.Context(), batch(0, 9, asked(effect.Log, 4, "crash")))
	if fault := wantCode(t, err, runtime.Crashed); !strings.Contains(fault.Reason, "fell over") {
		t.Errorf("the fault is %v", fault)
	}
}

func TestOpenRefused(t *testing.T) {
	h, _ := newHost(t)
	_, err := h.OpenExecutor(t.Context(), as(t, "fickle"), process.Opening{Config: json.RawMessage(`"refuse"`)})
	var retry *effect.RetryError
	if !errors.As(err, &retry) || retry.After != 3*time.Second {
		t.Errorf("the error is %v", err)
	}
	_, err = h.OpenExecutor(t.Context(), as(t, "keyed"), process.Opening{})
	wantCode(t, err, runtime.WrongProtocol)
	_, err = h.Load(t.Context(), as(t, "fickle"))
	wantCode(t, err, runtime.WrongProtocol)
}

func TestClosedExecutor(t *testing.T) {
	x := open(t, as(t, "fickle"), nil)
	must(t, x.Discard(t.Context()))
	must(t, x.Close())
	if err := x.Execute(t.Context(), batch(0, 9)); !errors.Is(err, process.ErrClosed) {
		t.Errorf("the error is %v", err)
	}
}
