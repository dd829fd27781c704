package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
)

// inBoth is the pipeline lines, whose rows are in SQLite and in PostgreSQL.
func inBoth(url string) config.Pipeline {
	p := lines()
	p.Executors = append(p.Executors, config.Executor{Postgres: &config.Postgres{URL: config.SecretURL(url), Schema: "model", Tables: p.Executors[0].SQLite.Tables}})
	return p
}

// look is a way to read how many changes the read model has.
type look func(ctx context.Context) (changes int, err error)

// watchClosely has each look read over and over, until stop. There must always be a
// table, and nobody may see less than before. again waits until all have looked anew.
func watchClosely(t *testing.T, atLeast int, looks map[string]look) (again func(), stop func()) {
	t.Helper()
	var readers sync.WaitGroup
	done := make(chan struct{})
	counts := map[string]*atomic.Int64{}
	for name, look := range looks {
		count := new(atomic.Int64)
		counts[name] = count
		readers.Go(func() {
			for seen := atLeast; ; count.Add(1) {
				select {
				case <-done:
					return
				default:
				}
				changes, err := look(context.Background())
				if err != nil || changes < seen {
					t.Errorf("%s: a reader sees %d changes after %d: %v", name, changes, seen, err)
					return
				}
				seen = changes
			}
		})
	}
	again = func() {
		t.Helper()
		for name, n := range counts {
			for want, end := n.Load()+2, time.Now().Add(patience); n.Load() < want; time.Sleep(time.Millisecond) {
				if time.Now().After(end) || t.Failed() {
					t.Fatalf("%s: a reader sees nothing any more", name)
				}
			}
		}
	}
	return again, sync.OnceFunc(func() { close(done); readers.Wait() })
}

const sumOfChanges = "SELECT coalesce(sum(changes), 0) FROM %slines_by_dir"

func inSQLite(t *testing.T, dir string) look {
	db := openFile(t, dir, "lines_by_dir")
	t.Cleanup(func() { must(t, db.Close()) })
	return func(ctx context.Context) (n int, err error) {
		return n, db.QueryRowContext(ctx, fmt.Sprintf(sumOfChanges, "")).Scan(&n)
	}
}

func connected(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	must(t, err)
	t.Cleanup(func() { must(t, conn.Close(context.Background())) })
	return conn
}

func inPostgres(t *testing.T, url string) look {
	conn := connected(t, url)
	return func(ctx context.Context) (n int, err error) {
		return n, conn.QueryRow(ctx, fmt.Sprintf(sumOfChanges, "model.")).Scan(&n)
	}
}

// wantInPostgres checks the rows of a table that has those of lines.
func wantInPostgres(t *testing.T, conn *pgx.Conn, table string, want []string) {
	t.Helper()
	found, err := conn.Query(t.Context(), "SELECT concat_ws('|', dir, additions, deletions, changes) FROM model."+table+` ORDER BY dir COLLATE "C"`)
	must(t, err)
	rows, err := pgx.CollectRows(found, pgx.RowTo[string])
	must(t, err)
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("rows of %s in PostgreSQL (-want +got):\n%s", table, d)
	}
}

// wantTablesInPostgres checks how many generations have tables.
func wantTablesInPostgres(t *testing.T, conn *pgx.Conn, want int) {
	t.Helper()
	var n int
	must(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_tables WHERE schemaname = 'model' AND tablename LIKE 'lines\_by\_dir\_\_g%'`).Scan(&n))
	if n != want {
		t.Errorf("in PostgreSQL there are tables of %d generations, want %d", n, want)
	}
}

// inOneSnapshot looks twice in a transaction that sees one moment.
func inOneSnapshot(t *testing.T, url string) look {
	conn := connected(t, url)
	return func(ctx context.Context) (n int, err error) {
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return 0, err
		}
		defer func() { _ = tx.Rollback(ctx) }()
		if err := tx.QueryRow(ctx, fmt.Sprintf(sumOfChanges, "model.")).Scan(&n); err != nil {
			return 0, err
		}
		var again int
		err = tx.QueryRow(ctx, fmt.Sprintf(sumOfChanges, "model.")).Scan(&again)
		if err == nil && n != again {
			err = fmt.Errorf("in one snapshot it sees %d and then %d", n, again)
		}
		return n, err
	}
}

// Readers of SQLite and of PostgreSQL see a whole read model at any moment of fifty
// rebuilds and rollbacks, while events arrive, and never an older one than before.
func TestReadersOfManySwaps(t *testing.T) {
	swaps := 50
	if testing.Short() {
		swaps = 6
	}
	all := history(100 + 10*swaps)
	log := newLog(t, all[:100])
	url := postgrestest.Database(t)
	r := newRig(t, log, inBoth(url))
	r.opts.BatchSize = 50
	r.open()
	r.start()
	r.untilLive("lines", 100)
	again, stop := watchClosely(t, changesIn(all[:100]), map[string]look{
		"SQLite": inSQLite(t, r.dir), "SQLite, too": inSQLite(t, r.dir),
		"PostgreSQL": inPostgres(t, url), "PostgreSQL, in a snapshot": inOneSnapshot(t, url),
	})
	defer stop()
	for i := range swaps {
		appendTo(t, log, all[100+10*i:110+10*i])
		if i%3 == 2 {
			must(t, r.engine.Rollback(t.Context(), "lines", 0))
		} else {
			must(t, r.engine.Replay(t.Context(), "lines"))
		}
		again()
	}
	r.untilLive("lines", len(all))
	stop()
	r.wantLines(all)
	if n, err := inPostgres(t, url)(t.Context()); err != nil || n != changesIn(all) {
		t.Errorf("PostgreSQL has %d changes, %v, want %d", n, err, changesIn(all))
	}
	if got := r.generations("lines"); len(got) != 2 {
		t.Errorf("generations %v, want two", got)
	}
}

// envSwaps has the child of a test rebuild and roll back. It is where its PostgreSQL is.
const envSwaps = "REFOLD_ENGINE_TEST_SWAPS"

const swappedEvents = 150

// childSwaps rebuilds and rolls back for ever, and tells of each moment of a swap.
func childSwaps(dir string) error {
	ctx := context.Background()
	log := memory.New()
	if err := importInto(ctx, log, history(swappedEvents)); err != nil {
		return err
	}
	e, err := engine.Open(ctx, engine.Options{
		Log: log, Dir: filepath.Join(dir, "pipelines"), OpenPlugin: openPlugin, BatchSize: 40,
		OpenExecutor: func(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
			x, err := openExecutor(dir)(ctx, spec, pipeline, generation)
			if err != nil {
				return nil, err
			}
			return &meddler{Executor: x, generation: generation, activate: func(x *meddler, ctx context.Context) error {
				fmt.Println("activating")
				defer fmt.Println("activated")
				return x.Executor.Activate(ctx)
			}}, nil
		},
		Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	}, []config.Pipeline{inBoth(os.Getenv(envSwaps))})
	if err != nil {
		return err
	}
	if err := e.CatchUp(ctx); err != nil {
		return err
	}
	for i := 0; err == nil; i++ {
		if i%3 == 2 {
			err = e.Rollback(ctx, "lines", 0)
		} else {
			err = e.Replay(ctx, "lines")
		}
	}
	return err
}

// kill -9 about the moments of swaps, of SQLite, of PostgreSQL and between them: readers see the whole read model behind each, and
// the next engine goes on with one that is whole, and keeps no more than it is to.
func TestKilledWhileSwapping(t *testing.T) {
	if testing.Short() {
		t.Skip("short: kills processes, of which the race detector learns nothing")
	}
	all := history(swappedEvents)
	want := wantRowsOf(all)
	url := postgrestest.Database(t)
	conn := connected(t, url)
	r := newRig(t, newLog(t, all), inBoth(url))
	for _, n := range []int{1, 2, 3, 4, 9, 10, 11, 12} { // of the first rebuild, and of the first rollback
		killAfter(t, r.dir, n, envSwaps+"="+url)
		r.wantRows("lines_by_dir", want)
		wantInPostgres(t, conn, "lines_by_dir", want)
	}
	r.seen.strange = true
	r.open()
	r.wantLines(all)
	r.catchUp()
	must(t, r.engine.Rollback(t.Context(), "lines", 0))
	r.wantLines(all)
	must(t, r.engine.Replay(t.Context(), "lines"))
	r.wantLines(all)
	wantInPostgres(t, conn, "lines_by_dir", want)
	wantTablesInPostgres(t, conn, 2)
	if got := r.generations("lines"); len(got) != 2 {
		t.Errorf("generations %v, want two", got)
	}
	built := 0
	for _, table := range tablesOf(t, r.dir, "lines_by_dir") {
		if strings.HasPrefix(table, "lines_by_dir__g") {
			built++
		}
	}
	if built != 1 {
		t.Errorf("beside the one that serves there are %d tables, want one", built)
	}
}
