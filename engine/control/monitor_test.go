package control_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
)

// statuses are what an engine would say that is not well.
type statuses struct {
	list     []engine.Status
	err      error
	stopping bool
	refusal  error // of appends
}

func (s statuses) Status(context.Context) ([]engine.Status, error) { return s.list, s.err }
func (s statuses) Running() bool                                   { return !s.stopping }
func (s statuses) Accepts(context.Context) error                   { return s.refusal }

// watched is what is asked of an engine.
type watched interface {
	Status(context.Context) ([]engine.Status, error)
	Running() bool
	Accepts(context.Context) error
}

func monitor(t *testing.T, e watched) *control.Monitor {
	t.Helper()
	metrics := control.NewMetrics(control.MetricsOptions{})
	metrics.Watch(e)
	return monitorOf(t, e, metrics)
}

func monitorOf(t *testing.T, e watched, metrics *control.Metrics) *control.Monitor {
	t.Helper()
	m, err := control.ListenMonitor("127.0.0.1:0", e, metrics, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// get returns the status and the body of an answer.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// wantMetrics checks that lines are among a monitor's metrics.
func wantMetrics(t *testing.T, m *control.Monitor, lines ...string) {
	t.Helper()
	code, text := get(t, m.URL()+"/metrics")
	if code != http.StatusOK {
		t.Errorf("metrics: %d %s", code, text)
	}
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("the metrics lack %s:\n%s", line, text)
		}
	}
}

// Of an engine that is well a monitor says so, without a token, and nothing else.
func TestMonitor(t *testing.T) {
	log := history(t)
	e := running(t, log)
	waitUntilLive(t, control.NewClient(listen(t, e, log).URL(), token))
	m := monitor(t, e)
	if code, body := get(t, m.URL()+"/healthz"); code != http.StatusOK || body != `{"healthy":true,"problems":[]}`+"\n" {
		t.Errorf("health: %d %s", code, body)
	}
	if code, body := get(t, m.URL()+"/readyz"); code != http.StatusOK || body != `{"ready":true,"problems":[]}`+"\n" {
		t.Errorf("readiness: %d %s", code, body)
	}
	wantMetrics(t, m, `refold_log_head_position 4`, `refold_pipeline_state{pipeline="lines",state="live"} 1`,
		`refold_pipeline_healthy{pipeline="lines"} 1`, `refold_pipeline_generation{pipeline="lines"} 1`,
		`refold_pipeline_position{pipeline="lines"} 4`, `refold_pipeline_lag_events{pipeline="lines"} 0`,
		`refold_pipeline_events{outcome="parked",pipeline="lines"} 0`)
	for _, path := range []string{"/v1/pipelines", "/v1/events", "/"} {
		if code, body := get(t, m.URL()+path); code != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
}

// A ledger that does not add up, an executor that has left something out, a pipeline
// that has stopped, and a log that does not answer: each fails health, and shows
// where.
func TestMonitorOfWhatIsNotWell(t *testing.T) {
	well := engine.Status{Pipeline: "well", State: engine.Live, Position: 2, Head: 9, Lag: 7, Delivered: 1, Filtered: 1,
		Executors: []engine.ExecutorStatus{{Name: "sqlite", Position: 3, Attempts: 4, Error: "it is locked"}}}
	hole := engine.Status{Pipeline: "hole", State: engine.Live, Position: 4, Delivered: 1, Filtered: 1, Parked: 1}
	stopped := engine.Status{Pipeline: "stopped", State: engine.Faulted, Error: "told to"}
	m := monitor(t, statuses{list: []engine.Status{well, hole, stopped}})
	want := `{"healthy":false,"problems":[` +
		`{"pipeline":"hole","problem":"its coverage ledger does not add up at position 4: 1 delivered + 1 filtered + 1 parked + 0 dead-lettered = 3"},` +
		`{"pipeline":"stopped","problem":"told to"}]}` + "\n"
	if code, body := get(t, m.URL()+"/healthz"); code != http.StatusServiceUnavailable || body != want {
		t.Errorf("health: %d %s, want %s", code, body, want)
	}
	wantMetrics(t, m, `refold_pipeline_healthy{pipeline="well"} 1`, `refold_pipeline_healthy{pipeline="hole"} 0`, `refold_pipeline_healthy{pipeline="stopped"} 0`,
		`refold_log_head_position 9`, `refold_pipeline_lag_events{pipeline="well"} 7`, `refold_pipeline_events{outcome="delivered",pipeline="well"} 1`,
		`refold_executor_position{executor="sqlite",pipeline="well"} 3`, `refold_executor_failed_attempts{executor="sqlite",pipeline="well"} 4`)

	m = monitor(t, statuses{err: errors.New("out of reach")})
	if code, body := get(t, m.URL()+"/healthz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "out of reach") {
		t.Errorf("health without a log: %d %s", code, body)
	}
	wantMetrics(t, m, `refold_log_up 0`)

	m = monitor(t, statuses{list: []engine.Status{well}, refusal: errors.New("the disk is full")})
	if code, body := get(t, m.URL()+"/healthz"); code != http.StatusServiceUnavailable || body != `{"healthy":false,"problems":[{"problem":"the event log takes no appends: the disk is full"}]}`+"\n" {
		t.Errorf("health with a log that takes nothing: %d %s", code, body)
	}
	wantMetrics(t, m, `refold_log_up 1`, `refold_log_accepts_appends 0`)
}

// A page in a browser learns nothing, also where its name leads to this machine.
func TestMonitorOfPages(t *testing.T) {
	m := monitor(t, statuses{})
	for name, strange := range map[string]func(r *http.Request){
		"a name":        func(r *http.Request) { r.Host = "page.example:9464" },
		"another page":  func(r *http.Request) { r.Header.Set("Origin", "https://page.example") },
		"cross-site":    func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"nothing of it": func(*http.Request) {},
	} {
		for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.URL()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			strange(r)
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if refused := resp.StatusCode == http.StatusForbidden; refused == (name == "nothing of it") {
				t.Errorf("%s asks for %s: %s", name, path, resp.Status)
			}
		}
	}
}

// An engine is ready where each pipeline folds that should, and nowhere else.
func TestReadiness(t *testing.T) {
	in := func(s engine.State) engine.Status { return engine.Status{Pipeline: "p", State: s, Error: "told to"} }
	for name, test := range map[string]struct {
		statuses
		problem string // empty: it is ready
	}{
		"live":             {statuses{list: []engine.Status{in(engine.Live)}}, ""},
		"catching up":      {statuses{list: []engine.Status{in(engine.CatchingUp)}}, ""},
		"paused":           {statuses{list: []engine.Status{in(engine.Live), in(engine.Paused)}}, ""},
		"retired":          {statuses{list: []engine.Status{in(engine.Retired)}}, ""},
		"faulted":          {statuses{list: []engine.Status{in(engine.Live), in(engine.Faulted)}}, `"pipeline":"p","problem":"told to"`},
		"rebuilding":       {statuses{list: []engine.Status{in(engine.Rebuilding)}}, `"pipeline":"p","problem":"it has nothing to serve until its read model is built"`},
		"loading":          {statuses{list: []engine.Status{in(engine.Loading)}}, `"pipeline":"p","problem":"it is loading, and does not fold yet"`},
		"stopping":         {statuses{list: []engine.Status{in(engine.Live)}, stopping: true}, `"problem":"the engine does not run yet, or is stopping"`},
		"log out of reach": {statuses{err: errors.New("gone")}, `"problem":"asking the log: gone"`},
	} {
		code, body := get(t, monitor(t, test.statuses).URL()+"/readyz")
		want, good := `{"ready":false,"problems":[{`+test.problem+"}]}\n", http.StatusServiceUnavailable
		if test.problem == "" {
			want, good = `{"ready":true,"problems":[]}`+"\n", http.StatusOK
		}
		if code != good || body != want {
			t.Errorf("%s: %d %s, want %d %s", name, code, body, good, want)
		}
	}
}

// A monitor is for this machine.
func TestMonitorIsOnLoopback(t *testing.T) {
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0"} {
		m, err := control.ListenMonitor(address, statuses{}, control.NewMetrics(control.MetricsOptions{}), slog.New(slog.DiscardHandler))
		var refused *config.NotLoopbackError
		if !errors.As(err, &refused) || refused.Address != address {
			t.Errorf("%s: %v, %v", address, m, err)
		}
	}
}
