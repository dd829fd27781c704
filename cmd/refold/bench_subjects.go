package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"

	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

// benchSubject is a group of measurements that share their work.
type benchSubject struct {
	what     string
	measures []measure
	run      func(*bench, context.Context) error
}

// measure is one number: a ratio of two rates, or a figure of this machine.
type measure struct {
	name     string
	ratio    bool
	compares string // %d is the log's number of events
}

// The names that are used in more than one place.
const (
	appendVsPublish   = "append_vs_publish"
	importVsPublish   = "import_vs_publish"
	load1M            = "load_50_of_1m_p50_ms"
	load100k          = "load_50_of_100k_p50_ms"
	archiveVsConsumer = "archive_vs_jetstream"
	archiveVsNative   = "archive_vs_native_segments"
	rebuildSQLite     = "rebuild_sqlite_vs_bulk"
	rebuildPostgres   = "rebuild_postgres_vs_bulk"
	cost10M           = "cost_10m_vs_1m"
	rate1M            = "replay_1m_events_per_s"
	rate10M           = "replay_10m_events_per_s"
	rss10M            = "rss_10m_mib"
	firstVsConsumer   = "first_replay_vs_consumer"
	rootsVsNone       = "roots_vs_none"
	sqliteVsBulk      = "sqlite_vs_bulk"
	sqliteRows        = "sqlite_rows_per_s"
	postgresVsBulk    = "postgres_vs_bulk"
	postgresRows      = "postgres_rows_per_s"
	visibleP50        = "visible_p50_ms"
	visibleP99        = "visible_p99_ms"
	besideRebuild     = "visible_beside_rebuild_vs_none"
	besideSlowRebuild = "visible_beside_rate_vs_none"
	besideP99         = "visible_beside_rebuild_p99_ms"
	parkedVsNone      = "parked_key_vs_none"
	parkedP99         = "parked_key_p99_ms"
)

// benchSubjects are in the order in which they run: what is disturbed by a large
// heap comes before the large log.
var benchSubjects = []benchSubject{
	{"appends", []measure{
		{appendVsPublish, true, "appends with expected version, against bare JetStream publishes with the same headers; 8 writers, a stream each side, sync interval on both"},
	}, (*bench).appends},
	{"imports", []measure{
		{importVsPublish, true, "an import in bulk, against bare asynchronous publishes with message ids; a twentieth of %d events into an empty stream each time, 4096 messages under way, sync " + string(benchSync) + " on both"},
	}, (*bench).imports},
	{"rows into SQLite", []measure{
		{sqliteVsBulk, true, "the executor behind its outlet, from JSON in batches of 1024, against a prepared INSERT of values at hand; up to 16384 rows a transaction, by key, WAL, synchronous=FULL on both"},
		{sqliteRows, false, "rows per second of that executor"},
	}, (*bench).sqlite},
	{"rows into PostgreSQL", []measure{
		{postgresVsBulk, true, "the executor behind its outlet, from JSON in batches of 1024, against COPY of values at hand into a temporary table and an upsert from there; up to 16384 rows a transaction, by key, in a server of its own with fsync and synchronous_commit on"},
		{postgresRows, false, "rows per second of that executor"},
	}, (*bench).postgres},
	{"fuel", []measure{
		{fuelOverhead, true, "a scan of JSON payloads in C, metered in the sandbox, against the same code in bare wazero; 0.91 is an overhead of 10 %"},
		{fuelVsGuard, true, "the same, against bare wazero with WithCloseOnContextDone"},
	}, (*bench).fuel},
	{"guests and native code", []measure{
		{wasmCVsNative, true, "a guest in C that counts events by aggregate, metered and its result checked, against native Go with a map over the same frames; 10000 aggregates"},
		{wasmRustVsNative, true, "the same guest in Rust, against the same"},
	}, (*bench).natives},
	{"guests in Go", []measure{
		{goFieldsVsGoJSON, true, "a guest in Go whose fields the host has decoded, against the same with encoding/json; without what decoding costs the host"},
		{coldStart, false, "a guest in Go of 3 MB, from the cache on the disk to its first batch folded, in a new host"},
	}, (*bench).goGuests},
	{"workers", []measure{
		{workers2Vs1, true, "a keyed guest in Go that parses JSON, folded by a pool of two instances, against one instance; without what the engine does"},
	}, (*bench).workers},
	{"visibility", []measure{
		{visibleP50, false, "append until its row is visible in SQLite, half of the events, 1000 events/s, sync always"},
		{visibleP99, false, "the same, 99 of 100 events"},
	}, (*bench).visible},
	{"visibility beside a rebuild", []measure{
		{besideRebuild, true, "that p99 while replay jobs of another pipeline rebuild rows of a fifth of %d events all the time, as fast as they go, against none"},
		{besideSlowRebuild, true, "the same at 10000 events/s (replay --rate), against none"},
		{besideP99, false, "the p99 beside those as fast as they go"},
	}, (*bench).besides},
	{"a parked key", []measure{
		{parkedVsNone, true, "append until its row is visible in SQLite, the p99 at 1000 events/s of up to 10000 keys: with one of them parked, whose events wait, against none"},
		{parkedP99, false, "that p99 with the parked key, sync always"},
	}, (*bench).parked},
	{"loads", []measure{
		{load100k, false, "one aggregate's 50 events, spread over a tenth of %d events"},
		{load1M, false, "one aggregate's 50 events, spread over %d events"},
	}, (*bench).loads},
	{"replays", []measure{
		{firstVsConsumer, true, "following the log into a new archive, against a bare ordered consumer that only counts; the first half of %d events"},
		{archiveVsConsumer, true, "a replay by the engine from the archive, of a guest in C that counts events by aggregate, against that consumer; per event"},
		{archiveVsNative, true, "that replay, against the same fold in Go over the archive's frames in place; all %d events"},
	}, (*bench).replays},
	{"state roots", []measure{
		{rootsVsNone, true, "a replay by the engine, of a keyed guest in C that has a state and a row for each aggregate, against one that makes no state roots; a quarter of %d events, the rows go nowhere"},
	}, (*bench).roots},
	{"rebuilds into SQLite", []measure{
		{rebuildSQLite, true, "a replay by the engine that makes a row of each event, from the archive into SQLite, against a plain bulk load of the same rows; %d rows"},
	}, (*bench).rebuildsSQLite},
	{"rebuilds into PostgreSQL", []measure{
		{rebuildPostgres, true, "the same into PostgreSQL; %d rows"},
	}, (*bench).rebuildsPostgres},
	{"ten times the log", []measure{
		{cost10M, true, "events per second of a replay over ten times %d events, against one over the first tenth of them: 1 is flat"},
		{rate1M, false, "events per second of the latter"},
		{rate10M, false, "events per second of the former"},
		{rss10M, false, "the largest resident memory of a process with log, archive and engine, in MiB, while it replays ten times %d events of 10000 aggregates"},
	}, (*bench).tenfold},
}

// longMeasures are left out unless somebody asks for them: without them a run takes less
// than three minutes.
var longMeasures = []string{
	importVsPublish, besideRebuild, besideSlowRebuild, besideP99, parkedVsNone, parkedP99,
	rebuildSQLite, rebuildPostgres, cost10M, rate1M, rate10M, rss10M,
}

func benchNames() (names []string) {
	for _, s := range benchSubjects {
		for _, m := range s.measures {
			names = append(names, m.name)
		}
	}
	return names
}

// benchMachine says what the numbers depend on.
type benchMachine struct {
	CPUs   int               `json:"cpus"`
	Go     string            `json:"go"`
	OS     string            `json:"os"`
	Arch   string            `json:"arch"`
	Events int               `json:"events"`
	Sync   map[string]string `json:"sync"`
}

func (b *bench) machine() benchMachine {
	return benchMachine{
		CPUs: runtime.NumCPU(), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Events: b.flags.events,
		Sync: map[string]string{"log": string(benchSync), "sqlite": "full", "visible": string(embedded.SyncAlways)},
	}
}

func (a *app) printBench(b *bench) error {
	ratios, figures := map[string]float64{}, map[string]float64{}
	rows := [][]any{{"NAME", "VALUE", "WHAT IT COMPARES"}}
	for _, s := range benchSubjects {
		for _, m := range s.measures {
			value, ok := b.values[m.name]
			if !ok {
				continue
			}
			value = rounded(value)
			if m.ratio {
				ratios[m.name] = value
			} else {
				figures[m.name] = value
			}
			rows = append(rows, []any{m.name, strconv.FormatFloat(value, 'f', -1, 64), strings.ReplaceAll(m.compares, "%d", fmt.Sprint(b.flags.events))})
		}
	}
	if a.json {
		return a.printJSON(map[string]any{"ratios": ratios, "figures": figures, "machine": b.machine()})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	m := b.machine()
	_, err := fmt.Fprintf(a.out, "on %d CPUs, %s, %s/%s; the logs' sync: %s\n", m.CPUs, m.Go, m.OS, m.Arch, benchSync)
	return err
}

// rounded leaves off digits that say nothing.
func rounded(value float64) float64 {
	if value >= 1000 {
		return math.Round(value)
	}
	return math.Round(value*1000) / 1000
}
