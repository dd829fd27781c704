package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/job"
	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
)

// wantAsItWas checks the rows of a table that serves nobody.
func (r *rig) wantAsItWas(table string, want []string) {
	r.t.Helper()
	if d := cmp.Diff(want, query(r.t, r.dir, "lines_by_dir", "SELECT * FROM "+table+" ORDER BY 1")); d != "" {
		r.t.Errorf("rows of %s (-want +got):\n%s", table, d)
	}
}

// A read model as it was is built beside the one that serves, from whatever live engine,
// and stays over restarts and other replays until it is dropped: in SQLite and in
// PostgreSQL.
func TestAReadModelAsItWas(t *testing.T) {
	all := history(300)
	want := wantRowsOf(all[:120])
	for name, running := range map[string]bool{"beside the live pipeline": true, "alone": false} {
		t.Run(name, func(t *testing.T) {
			url := postgrestest.Database(t)
			conn := connected(t, url)
			r := newRig(t, newLog(t, all), inBoth(url))
			r.open()
			r.catchUp()
			if running {
				r.start()
				r.untilLive("lines", 300)
			}
			r.work(job.Request{Pipeline: "lines", Until: 120})
			one := r.lastJob()
			if one.State != job.Done || !one.Kept || one.Position != 120 || one.Target != 120 || one.Generation != 2 {
				t.Errorf("job %+v", one)
			}
			r.wantAsItWas("lines_by_dir__g2", want)
			r.wantLines(all)
			wantInPostgres(t, conn, "lines_by_dir__g2", want)
			wantInPostgres(t, conn, "lines_by_dir", wantRowsOf(all))
			wantTablesInPostgres(t, conn, 2)
			r.work(job.Request{Pipeline: "lines"})
			r.close()
			r.open()
			r.wantAsItWas("lines_by_dir__g2", want)
			r.wantLines(all)
			wantInPostgres(t, conn, "lines_by_dir__g2", want)
			wantTablesInPostgres(t, conn, 3)
			if s := r.status("lines"); s.Generation != 3 || s.Jobs != nil {
				t.Errorf("status %+v", s)
			}
			must(t, r.engine.DropGeneration(t.Context(), "lines", 2))
			if tables := tablesOf(t, r.dir, "lines_by_dir"); slices.Contains(tables, "lines_by_dir__g2") {
				t.Errorf("tables %v", tables)
			}
			wantInPostgres(t, conn, "lines_by_dir", wantRowsOf(all))
			wantTablesInPostgres(t, conn, 2)
			if one, err := r.engine.Job(one.ID); err != nil || one.Kept {
				t.Errorf("job %+v, %v", one, err)
			}
		})
	}
}

// A time is the last event that had happened then. What lies ahead, or before the first
// event, is refused at once.
func TestAReadModelAsItWasAtATime(t *testing.T) {
	all := history(100)
	r := newRig(t, newLog(t, all), lines())
	r.open()
	r.catchUp()
	at := all[39].Time.Add(time.Millisecond)
	r.work(job.Request{Pipeline: "lines", UntilTime: at})
	if one := r.lastJob(); one.Until != 40 || !one.UntilTime.Equal(at) || one.Position != 40 {
		t.Errorf("job %+v", one)
	}
	r.wantAsItWas("lines_by_dir__g2", wantRowsOf(all[:40]))
	var ahead *engine.AheadError
	if _, err := r.engine.Submit(t.Context(), job.Request{Pipeline: "lines", Until: 101}); !errors.As(err, &ahead) || ahead.Head != 100 {
		t.Errorf("ahead: %v", err)
	}
	if _, err := r.engine.Submit(t.Context(), job.Request{Pipeline: "lines", UntilTime: all[0].Time.Add(-time.Second)}); err == nil || !strings.Contains(err.Error(), "nothing in the log had happened by ") {
		t.Errorf("before all: %v", err)
	}
	if _, err := r.engine.Submit(t.Context(), job.Request{Pipeline: "lines", Until: 1, UntilTime: at}); err == nil {
		t.Error("both are taken")
	}
	if d := cmp.Diff(1, len(r.engine.Jobs())); d != "" {
		t.Error(d)
	}
}

// Interrupted, it goes on; cancelled, it leaves no trace, and fails without a harm to
// what serves.
func TestAReadModelAsItWasIsAJob(t *testing.T) {
	all, log, r := liveOverGate(t)
	log.upTo(150)
	one, err := r.engine.Submit(t.Context(), job.Request{Pipeline: "lines", Until: 200})
	must(t, err)
	r.untilJob(one.ID, "at 150", func(one job.Job) bool { return one.Position == 150 })
	r.close()
	log.upTo(1000)
	r.open()
	r.start()
	must(t, r.engine.Work(t.Context(), one.ID))
	r.wantAsItWas("lines_by_dir__g2", wantRowsOf(all[:200]))
	must(t, r.engine.DropGeneration(t.Context(), "lines", 2))
	log.upTo(150)
	one, err = r.engine.Submit(t.Context(), job.Request{Pipeline: "lines", Until: 200})
	must(t, err)
	r.untilJob(one.ID, "at 150", func(one job.Job) bool { return one.Position == 150 })
	_, err = r.engine.CancelJob(t.Context(), one.ID)
	must(t, err)
	wantTables(t, r, "_refold_checkpoints", "_refold_epochs", "_refold_format", "_refold_tables", "lines_by_dir")
	log.upTo(1000)
	r.untilLive("lines", 300)
	r.wantLines(all)
}

// A pipeline that waits until it can build what it is to serve works what comes before in
// the queue.
func TestAReadModelAsItWasBeforeAReset(t *testing.T) {
	all := history(300)
	log := newGated(t, all)
	r := newRig(t, log, lines(), commits())
	r.opts.BatchSize, r.opts.Jobs = 50, 1
	r.open()
	r.start()
	r.untilLive("lines", 300)
	r.untilLive("commits", 300)
	log.upTo(150)
	first := r.submit("commits")
	r.untilJob(first.ID, "at 150", func(one job.Job) bool { return one.Position == 150 })
	second, err := r.engine.Submit(t.Context(), job.Request{Pipeline: "lines", Until: 100})
	must(t, err)
	reset := make(chan error, 1)
	go func() { reset <- r.engine.Reset(t.Context(), "lines") }()
	r.until("lines", "waiting to be built", func(s engine.Status) bool { return s.State == engine.Rebuilding && len(s.Jobs) == 2 })
	log.upTo(1000)
	for _, id := range []uuid.UUID{first.ID, second.ID} {
		r.untilJob(id, "done", func(one job.Job) bool { return one.State == job.Done })
	}
	must(t, <-reset)
	r.untilLive("lines", 300)
	r.wantLines(all)
}
