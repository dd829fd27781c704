package control_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/engine/job"
	"github.com/refold-dev/refold/eventstore/memory"
	refoldhttp "github.com/refold-dev/refold/plugins/http"
	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
)

// scrape is what a monitor's metrics say, as Prometheus' own parser reads them: values by
// name and labels, such as `name{a="b"}`. Counts of histograms are name_count.
func scrape(t *testing.T, m *control.Monitor) map[string]float64 {
	t.Helper()
	code, text := get(t, m.URL()+"/metrics")
	if code != http.StatusOK {
		t.Fatalf("metrics: %d %s", code, text)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("metrics: %v\n%s", err, text)
	}
	var all []*dto.MetricFamily
	values := map[string]float64{}
	for name, f := range families {
		all = append(all, f)
		for _, one := range f.GetMetric() {
			add(values, name, one)
		}
	}
	problems, err := promlint.NewWithMetricFamilies(all).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	return values
}

func add(values map[string]float64, name string, one *dto.Metric) {
	var labels []string
	for _, l := range one.GetLabel() {
		labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
	}
	slices.Sort(labels)
	suffix := ""
	if len(labels) > 0 {
		suffix = "{" + strings.Join(labels, ",") + "}"
	}
	switch {
	case one.Counter != nil:
		values[name+suffix] = one.Counter.GetValue()
	case one.Gauge != nil:
		values[name+suffix] = one.Gauge.GetValue()
	case one.Histogram != nil:
		values[name+"_count"+suffix] = float64(one.Histogram.GetSampleCount())
		values[name+"_sum"+suffix] = one.Histogram.GetSampleSum()
	}
}

// seen is an event of an aggregate.
func seen(at int, aggregate byte, kind, data string) event.Event {
	line := fmt.Sprintf(`{"id":"00000001-0000-7000-8000-%012x","aggregate_type":"thing","aggregate_id":"00000002-0000-7000-8000-0000000000%02x","type":%q,`+
		`"time":"2026-01-01T00:00:01Z","correlation_id":"00000003-0000-7000-8000-000000000001","causation_id":null,"data":%s}`, at, aggregate, kind, data)
	e, err := event.ParseJSON([]byte(line))
	if err != nil {
		panic(err)
	}
	return e
}

// endpoint answers the first request with 503, and refuses what says that it is the
// second of a thing.
func endpoint(t *testing.T) string {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case asked.Add(1) == 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case strings.Contains(string(body), `"n":2`):
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// opensThings opens the two executors of the pipeline things.
func opensThings(dir, url string) func(context.Context, config.Executor, string, uint64) (engine.Executor, error) {
	return func(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
		if spec.HTTP != nil {
			return refoldhttp.New(refoldhttp.Config{URL: url})
		}
		return sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(dir, "things.db"), Tables: []rows.Table{{
			Name: "things", PrimaryKey: []string{"id"}, Columns: []rows.Column{{Name: "id", Type: "text"}, {Name: "n", Type: "integer"}}}}}, pipeline, generation)
	}
}

// watchedThings runs the pipeline things over a log, until the test ends.
func watchedThings(t *testing.T, log engine.Log) (*engine.Engine, *control.Metrics) {
	t.Helper()
	module := loadC(t, "testdata/picky.c")
	metrics := control.NewMetrics(control.MetricsOptions{
		Build: control.Build{Version: "v1", Revision: "abc", GoVersion: "go1"},
		Disk: func() (control.Disk, error) {
			return control.Disk{Parts: map[string]uint64{"log": 7}, Free: new(uint64(9))}, nil
		},
	})
	e, err := engine.Open(t.Context(), engine.Options{
		Log: log, Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), Now: time.Now, CheckpointEvery: time.Millisecond,
		OpenPlugin:   func(ctx context.Context, _ config.Projection) (engine.Plugin, error) { return module.Instantiate(ctx) },
		OpenExecutor: opensThings(t.TempDir(), endpoint(t)),
		Observer:     metrics.Observer(),
	}, []config.Pipeline{{Name: "things", Executors: []config.Executor{
		{SQLite: &config.SQLite{}},
		{HTTP: &config.HTTP{}, Delivery: config.Delivery{OnError: "dead_letter", Retry: config.Retry{Attempts: 5, First: config.Duration(time.Millisecond)}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	metrics.Watch(e)
	runUntilEnd(t, e)
	return e, metrics
}

// Each metric is what was really done: events folded, filtered, parked and left out,
// effects performed and refused, attempts and batches that failed.
func TestMetricsAreWhatWasDone(t *testing.T) {
	log := memory.New()
	t.Cleanup(func() { _ = log.Close() })
	for i, e := range []event.Event{
		seen(1, 0xa, "thing_seen", `{}`), seen(2, 0xb, "thing_seen", `{}`), seen(3, 0xb, "thing_seen", `{"bad":1}`),
		seen(4, 0xb, "thing_seen", `{}`), seen(5, 0xa, "thing_seen", `{}`), seen(6, 0xc, "thing_lost", `{}`),
	} {
		if _, err := log.Append(t.Context(), e.Aggregate, event.Any(), e); err != nil {
			t.Fatal(i, err)
		}
	}
	e, metrics := watchedThings(t, log)
	m := monitorOf(t, e, metrics)
	want := map[string]float64{
		`refold_log_up`: 1, `refold_log_head_position`: 6,
		`refold_build_info{go_version="go1",revision="abc",version="v1"}`: 1, `refold_disk_bytes{part="log"}`: 7, `refold_disk_free_bytes`: 9,
		`refold_pipeline_state{pipeline="things",state="live"}`: 1, `refold_pipeline_healthy{pipeline="things"}`: 1, `refold_pipeline_ready{pipeline="things"}`: 1,
		`refold_pipeline_generation{pipeline="things"}`: 1, `refold_pipeline_position{pipeline="things"}`: 6, `refold_pipeline_lag_events{pipeline="things"}`: 0,
		`refold_pipeline_events{outcome="delivered",pipeline="things"}`: 3, `refold_pipeline_events{outcome="filtered",pipeline="things"}`: 1,
		`refold_pipeline_events{outcome="parked",pipeline="things"}`: 2, `refold_pipeline_events{outcome="dead_lettered",pipeline="things"}`: 0,
		`refold_pipeline_dropped_effects{pipeline="things"}`: 0,
		`refold_parked_keys{pipeline="things"}`:              1, `refold_dead_letters{pipeline="things"}`: 1,
		`refold_checkpoint_position{pipeline="things"}`: 6, `refold_checkpoint_age_seconds{pipeline="things"}`: 0,
		`refold_events_folded_total{pipeline="things"}`:                        6,
		`refold_effects_performed_total{executor="sqlite",pipeline="things"}`:  3,
		`refold_effects_performed_total{executor="http",pipeline="things"}`:    2,
		`refold_execute_errors_total{executor="http",pipeline="things"}`:       2,
		`refold_execute_errors_total{executor="sqlite",pipeline="things"}`:     0,
		`refold_errors_total{kind="fold",pipeline="things"}`:                   1,
		`refold_errors_total{kind="execute",pipeline="things"}`:                2,
		`refold_errors_total{kind="fault",pipeline="things"}`:                  0,
		`refold_executor_position{executor="http",pipeline="things"}`:          6,
		`refold_executor_failed_attempts{executor="http",pipeline="things"}`:   0,
		`refold_executor_position{executor="sqlite",pipeline="things"}`:        6,
		`refold_executor_failed_attempts{executor="sqlite",pipeline="things"}`: 0,
	}
	var got map[string]float64
	until(t, "all to be done and stored", func() bool {
		got = scrape(t, m)
		return got[`refold_pipeline_state{pipeline="things",state="live"}`] == 1 && got[`refold_checkpoint_position{pipeline="things"}`] == 6 && got[`refold_checkpoint_age_seconds{pipeline="things"}`] == 0
	})
	has := map[string]float64{}
	for name := range want {
		if v, ok := got[name]; ok {
			has[name] = v
		}
	}
	if diff := cmp.Diff(want, has); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	for name, least := range map[string]float64{
		`refold_fuel_used_total{pipeline="things"}`:                                  100,
		`refold_guest_memory_bytes{generation="1",pipeline="things"}`:                1 << 16,
		`refold_fold_duration_seconds_count{pipeline="things"}`:                      2,
		`refold_execute_duration_seconds_count{executor="http",pipeline="things"}`:   3,
		`refold_execute_duration_seconds_count{executor="sqlite",pipeline="things"}`: 1,
		`refold_checkpoint_duration_seconds_count{pipeline="things"}`:                1,
		`refold_checkpoint_timestamp_seconds{pipeline="things"}`:                     float64(time.Now().Add(-time.Hour).Unix()),
		`go_goroutines`: 1, `process_start_time_seconds`: 1,
	} {
		if v, ok := got[name]; !ok || v < least || math.IsNaN(v) {
			t.Errorf("%s is %v, %v; want at least %v", name, v, ok, least)
		}
	}
	all := told{}
	all.note(got)
	all.note(testReplayMetrics(t, e, m))
	all.note(testReloadMetrics(t, metrics, m))
	checkAlerts(t, all)
	checkDashboard(t, all)
}

// A replay shows as long as it has not ended.
func testReplayMetrics(t *testing.T, e *engine.Engine, m *control.Monitor) (during map[string]float64) {
	one, err := e.Submit(t.Context(), job.Request{Pipeline: "things", Rate: 1})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the job to be paused", func() bool {
		paused, err := e.PauseJob(t.Context(), one.ID)
		return err == nil && paused.State == job.Paused
	})
	got := scrape(t, m)
	label := fmt.Sprintf(`{id=%q,pipeline="things"}`, one.ID)
	if got[`refold_replay_jobs{pipeline="things",state="paused"}`] != 1 || got["refold_replay_remaining_seconds"+label] != 0 {
		t.Errorf("the paused job: %v", got)
	}
	for _, name := range []string{"refold_replay_position", "refold_replay_target_position", "refold_replay_events_per_second"} {
		if _, ok := got[name+label]; !ok {
			t.Errorf("the paused job has no %s", name)
		}
	}
	if _, err := e.CancelJob(t.Context(), one.ID); err != nil {
		t.Fatal(err)
	}
	for name := range scrape(t, m) {
		if strings.HasPrefix(name, "refold_replay_") {
			t.Errorf("behind the job's end there is %s", name)
		}
	}
	return got
}

func testReloadMetrics(t *testing.T, metrics *control.Metrics, m *control.Monitor) (got map[string]float64) {
	if _, told := scrape(t, m)["refold_config_last_reload_successful"]; told {
		t.Error("a reload is told of that has not been")
	}
	for ok, want := range map[bool]float64{true: 1, false: 0} {
		metrics.Reloaded(ok, time.Unix(1234, 500_000_000))
		got = scrape(t, m)
		if got["refold_config_last_reload_successful"] != want || got["refold_config_last_reload_timestamp_seconds"] != 1234.5 {
			t.Errorf("reloaded %v: %v at %v", ok, got["refold_config_last_reload_successful"], got["refold_config_last_reload_timestamp_seconds"])
		}
	}
	return got
}

// until waits for a condition.
func until(t *testing.T, what string, good func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !good(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waiting for %s", what)
		}
	}
}
