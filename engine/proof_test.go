package engine_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/plugins/sqlite"
	"github.com/refold-dev/refold/sdk/frame"
)

// models compares the SQLite files in dir.
func models(dir string) engine.Models {
	return engine.Models{
		Scratch: func(_ context.Context, spec config.Executor, to string) (config.Executor, func(context.Context) error, error) {
			if spec.SQLite == nil {
				return spec, nil, errors.ErrUnsupported
			}
			file := *spec.SQLite
			file.Path, file.Queries = filepath.Join(to, "scratch.db"), nil
			return config.Executor{SQLite: &file}, func(context.Context) error { return nil }, nil
		},
		Read: func(ctx context.Context, spec config.Executor, pipeline string, generation uint64, at func(event.Position) error, row func(string, string, string) error) error {
			return sqlite.Read(ctx, sqliteConfig(dir, spec.SQLite), pipeline, generation, at, row)
		},
	}
}

// prove proves a pipeline of an open engine.
func (r *rig) prove(pipeline string) engine.Proof {
	r.t.Helper()
	p, err := r.engine.Prove(r.ctx, pipeline, nil)
	must(r.t, err)
	return p
}

// wantProven checks that nothing differs, and how far that was looked at.
func (r *rig) wantProven(p engine.Proof, through int) {
	r.t.Helper()
	if p.Difference != nil || p.Unproven != nil || p.Position != event.Position(through) {
		r.t.Errorf("the proof is %s", asJSON(p))
	}
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func provable(t testing.TB, log engine.Log, specs ...config.Pipeline) *rig {
	r := newRig(t, log, specs...)
	r.opts.BatchSize, r.opts.CheckpointEvery = 16, time.Nanosecond
	r.opts.Models = models(r.dir)
	return r
}

// What has been folded live, with restarts, replays, poison and answers to queries, is
// proved, beside the engine at work and after it.
func TestAPureProjectionIsProved(t *testing.T) {
	all := poisoned(200)
	log := newLog(t, all[:90])
	parks := fickle()
	parks.OnError = ""
	r := provable(t, log, lines(), parks, moody(), herald(), commits())
	r.open()
	r.catchUp()
	r.close()
	r.open()
	must(t, r.engine.Replay(t.Context(), "lines"))
	r.start()
	appendTo(t, log, all[90:])
	for _, p := range r.specs {
		r.untilLive(p.Name, len(all))
		proof := r.prove(p.Name)
		r.wantProven(proof, len(all))
		if len(p.Executors) > 0 && p.Executors[0].SQLite != nil && (proof.ReadModels[0].Rows == 0 || proof.ReadModels[0].Skipped != "") {
			t.Errorf("no row of %s has been compared: %s", p.Name, asJSON(proof))
		}
		if p.Name == "moody" && proof.Answers != proof.Roots+1 {
			t.Errorf("not all answers have been compared: %s", asJSON(proof))
		}
	}
	r.close()
	for _, p := range r.specs {
		kept, err := engine.OpenKept(t.Context(), r.states(), p, openPlugin)
		must(t, err)
		proof, err := kept.Prove(t.Context(), engine.Options{Log: log, Now: time.Now, Logger: slog.New(slog.DiscardHandler), OpenExecutor: openExecutor(r.dir), Models: r.opts.Models}, nil)
		must(t, err)
		must(t, kept.Close(t.Context()))
		r.wantProven(proof, len(all))
		if proof.Roots == 0 && p.Name != "herald" {
			t.Errorf("no root of %s has been compared", p.Name)
		}
	}
}

// A row that somebody has changed, removed or added is named.
func TestATamperedRowIsNamed(t *testing.T) {
	for statement, want := range map[string]engine.Difference{
		"UPDATE lines_by_dir SET changes = changes + 1 WHERE dir = 'dir/7'": {Key: ptr("dir/7")},
		"DELETE FROM lines_by_dir WHERE dir = 'dir/7'":                      {Key: ptr("dir/7"), Found: "no such row"},
		"INSERT INTO lines_by_dir VALUES ('dir/77', 1, 2, 3)":               {Key: ptr("dir/77"), Expected: "no such row", Found: "dir='dir/77', additions=1, deletions=2, changes=3"},
		"INSERT INTO lines_by_dir VALUES ('zzz', 1, 2, 3)":                  {Key: ptr("zzz"), Expected: "no such row"},
		"DELETE FROM lines_by_dir":                                          {Key: ptr("dir/0"), Found: "no such row"},
	} {
		t.Run(statement, func(t *testing.T) {
			r := provable(t, newLog(t, history(150)), lines())
			r.open()
			r.catchUp()
			tamperRows(t, r.dir, "lines_by_dir", statement)
			p := r.prove("lines")
			d := p.Difference
			if d == nil || d.In != engine.InRows || d.Cause != engine.Stored || d.Table != "lines_by_dir" || *d.Key != *want.Key ||
				d.Position != 150 || want.Found != "" && d.Found != want.Found || want.Expected != "" && d.Expected != want.Expected {
				t.Errorf("the difference is %s", asJSON(p))
			}
		})
	}
}

func tamperRows(t testing.TB, dir, table, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, table+".db"))
	must(t, err)
	_, err = db.ExecContext(t.Context(), statement)
	must(t, err)
	must(t, db.Close())
}

// impure is a keyed projection that is not what it should be: it does what a test wants
// to each result, of which it knows the batch.
type impure struct {
	engine.Plugin
	spoil func(in frame.Batch, out []byte) []byte
}

func (p *impure) Fold(ctx context.Context, batch []byte) ([]byte, error) {
	out, err := p.Plugin.Fold(ctx, batch)
	if err != nil {
		return out, err
	}
	in, err := frame.OpenBatch(batch)
	if err != nil {
		return nil, err
	}
	return p.spoil(in, out), nil
}

// has reports whether a batch has the event at a position.
func has(in frame.Batch, at event.Position) bool {
	for g := range in.Groups() {
		for e := range g.Events() {
			if e.Position() == uint64(at) {
				return true
			}
		}
	}
	return false
}

// A projection that is not pure is found, and the first event that it gives something
// else for, whichever way it is not.
func TestAnImpureProjectionIsBisected(t *testing.T) {
	all := history(150)
	const at = 104
	if all[at-1].Type[:4] != "file" {
		t.Fatalf("event %d is no file's", at)
	}
	calls := 0
	for name, c := range map[string]struct {
		cause string
		spoil func(in frame.Batch, out []byte) []byte
	}{
		"a clock": {engine.Impure, func(in frame.Batch, out []byte) []byte {
			if !has(in, at) {
				return out
			}
			return []byte(strings.ReplaceAll(string(out), `"changes":`, fmt.Sprintf(`"%07d":`, time.Now().UnixNano()%10_000_000)))
		}},
		"a counter": {engine.Impure, func(in frame.Batch, out []byte) []byte {
			if !has(in, at) {
				return out
			}
			calls++
			return []byte(strings.ReplaceAll(string(out), `"changes":`, fmt.Sprintf(`"%07d":`, calls)))
		}},
		"the batch": {engine.ByBatches, func(in frame.Batch, out []byte) []byte {
			if !has(in, at) || in.EventCount() > 1 {
				return out
			}
			return []byte(strings.ReplaceAll(string(out), `"changes":`, `"chances":`))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, newLog(t, all), config.Pipeline{Name: "lines", Projection: config.Projection{WASM: guestPath("lines_by_dir")}, Executors: []config.Executor{{Collect: &config.Collect{}}}})
			r.withOutside(&outside{})
			r.opts.BatchSize, r.opts.CheckpointEvery = 16, time.Nanosecond
			if name == "the batch" {
				r.opts.BatchSize, r.opts.CheckpointEvery = 1, time.Hour
			}
			r.opts.OpenPlugin = func(ctx context.Context, spec config.Projection) (engine.Plugin, error) {
				p, err := openPlugin(ctx, spec)
				return &impure{p, c.spoil}, err
			}
			r.open()
			r.catchUp()
			r.close()
			r.opts.BatchSize = 16
			r.open()
			p := r.prove("lines")
			d := p.Difference
			if d == nil || d.Cause != c.cause || d.After >= at || d.Position < at || d.Position > at+16 || d.Expected == d.Found {
				t.Errorf("the difference is %s", asJSON(p))
			} else if c.cause == engine.Impure && (!d.Exact || d.Position != at || d.Event.ID != all[at-1].ID) {
				t.Errorf("the event to blame is %s", asJSON(p))
			}
		})
	}
}
