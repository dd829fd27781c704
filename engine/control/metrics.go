package control

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/refold-dev/refold/engine"
)

// statuser is what is asked of an engine.
type statuser interface {
	Status(ctx context.Context) ([]engine.Status, error)
}

// patience bounds how long a scrape waits for the log to say where it ends.
const patience = 5 * time.Second

// metrics answers with what the pipelines' statuses say, as Prometheus reads it.
func metrics(s statuser) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{s})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// collector reads the statuses at each scrape: there are no counters to be kept.
type collector struct{ statuser }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("refold_"+name, help, labels, nil)
}

var (
	headPosition = describe("log_head_position", "Position of the log's last event.")

	pipelineState      = describe("pipeline_state", "1 for the state that the pipeline is in.", "pipeline", "state")
	pipelineHealthy    = describe("pipeline_healthy", "1 if the coverage ledger adds up, no executor has left anything out, and no error has stopped the pipeline.", "pipeline")
	pipelineGeneration = describe("pipeline_generation", "Generation of the read model that serves.", "pipeline")
	pipelinePosition   = describe("pipeline_position", "Position of the last event that the read model includes.", "pipeline")
	pipelineLag        = describe("pipeline_lag_events", "Events between the position and the log's end.", "pipeline")
	pipelineEvents     = describe("pipeline_events", "Events up to the position by what has become of them; the sum is the position. A rebuild counts again.", "pipeline", "outcome")

	executorPosition = describe("executor_position", "Position of the last event whose effects the executor has performed.", "pipeline", "executor")
	executorAttempts = describe("executor_failed_attempts", "Failed attempts at what the executor tries just now; 0 if it has no trouble.", "pipeline", "executor")
)

// Describe says nothing: what there is depends on the pipelines.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	list, err := c.Status(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(headPosition, err)
		return
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for i := range list {
		if i == 0 {
			gauge(headPosition, float64(list[i].Head))
		}
		collectPipeline(gauge, &list[i])
	}
}

func collectPipeline(gauge func(*prometheus.Desc, float64, ...string), s *engine.Status) {
	p := s.Pipeline
	gauge(pipelineState, 1, p, string(s.State))
	healthy := 0.0
	if s.Problem() == "" {
		healthy = 1
	}
	gauge(pipelineHealthy, healthy, p)
	gauge(pipelineGeneration, float64(s.Generation), p)
	gauge(pipelinePosition, float64(s.Position), p)
	gauge(pipelineLag, float64(s.Lag), p)
	for _, of := range []struct {
		outcome string
		n       uint64
	}{{"delivered", s.Delivered}, {"filtered", s.Filtered}, {"parked", s.Parked}, {"dead_lettered", s.DeadLettered}} {
		gauge(pipelineEvents, float64(of.n), p, of.outcome)
	}
	for _, x := range s.Executors {
		gauge(executorPosition, float64(x.Position), p, x.Name)
		gauge(executorAttempts, float64(x.Attempts), p, x.Name)
	}
}
