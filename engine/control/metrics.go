package control

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

// Build says which program runs.
type Build struct{ Version, Revision, GoVersion string }

// MetricsOptions say what there is to be told beside the engine's own.
type MetricsOptions struct {
	Build Build
	// Disk looks at the data directory, which may take its time; nil tells nothing of it.
	Disk func() (Disk, error)
}

// Metrics count what an engine does, and tell that with its status as Prometheus reads
// it. First the engine is opened with their Observer, then they are told of it by Watch.
type Metrics struct {
	registry *prometheus.Registry
	status   *collector

	folded, fuel                            *prometheus.CounterVec // by pipeline
	errors                                  *prometheus.CounterVec // by pipeline and kind
	performed, failed                       *prometheus.CounterVec // by pipeline and executor
	foldSeconds, executeSeconds, checkpoint *prometheus.HistogramVec
}

// The kinds of errors that are counted.
const (
	errorInFold    = "fold"    // a projection has failed at a batch, or could not be given it
	errorInExecute = "execute" // an attempt of an executor has failed
	errorFault     = "fault"   // a pipeline has stopped
)

// durations are the buckets of histograms, in seconds: from 0.1 ms to half a minute.
var durations = prometheus.ExponentialBuckets(0.0001, 4, 10)

// NewMetrics returns metrics that have counted nothing.
func NewMetrics(o MetricsOptions) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), status: newCollector(o.Disk)}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	histogram := func(name, help string, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: durations}, labels)
		m.registry.MustRegister(h)
		return h
	}
	m.folded = counter("events_folded_total", "Events of the log that a pipeline has gone past with all their effects performed, live or in a replay.", "pipeline")
	m.fuel = counter("fuel_used_total", "Fuel that the projection's module has used, in units of about one instruction.", "pipeline")
	m.errors = counter("errors_total", "Errors by what has failed: a fold, an executor's attempt, or (fault) the pipeline, which has stopped.", "pipeline", "kind")
	m.performed = counter("effects_performed_total", "Effects that the executor has performed.", "pipeline", "executor")
	m.failed = counter("execute_errors_total", "Attempts of the executor that have failed.", "pipeline", "executor")
	m.foldSeconds = histogram("fold_duration_seconds", "How long a projection takes for a batch.", "pipeline")
	m.executeSeconds = histogram("execute_duration_seconds", "How long an executor takes for an attempt at a batch.", "pipeline", "executor")
	m.checkpoint = histogram("checkpoint_duration_seconds", "How long storing the state takes.", "pipeline")
	m.registry.MustRegister(m.status, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + "build_info", Help: "1, labelled with what runs."}, []string{"version", "revision", "go_version"})
	build.WithLabelValues(o.Build.Version, o.Build.Revision, o.Build.GoVersion).Set(1)
	m.registry.MustRegister(build)
	return m
}

// Watch has the metrics tell of an engine, which is open from now on.
func (m *Metrics) Watch(e statuser) { m.status.watch(e) }

// Reloaded notes how the configuration was read last, and when. Before that nothing is
// told of it.
func (m *Metrics) Reloaded(ok bool, at time.Time) { m.status.reloaded.Store(&reload{ok, at}) }

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Observer is what the engine is to be opened with. It counts a batch at a time.
func (m *Metrics) Observer() engine.Observer {
	return engine.Observer{
		Changed:  func(t engine.Transition) { m.begin(t.Pipeline) },
		Called:   m.called,
		Executed: m.executed,
		Folded: func(pipeline string, _ uint64, _ event.Position, events, _ int) {
			m.folded.WithLabelValues(pipeline).Add(float64(events))
		},
		Checkpointed: func(c engine.Checkpoint) { m.checkpoint.WithLabelValues(c.Pipeline).Observe(c.Took.Seconds()) },
		Faulted:      func(pipeline string, _ error) { m.errors.WithLabelValues(pipeline, errorFault).Inc() },
	}
}

// begin has a pipeline's counters be there from the beginning, at 0: whoever asks for an
// increase does not miss the first.
func (m *Metrics) begin(pipeline string) {
	m.folded.WithLabelValues(pipeline)
	m.fuel.WithLabelValues(pipeline)
	for _, kind := range []string{errorInFold, errorInExecute, errorFault} {
		m.errors.WithLabelValues(pipeline, kind)
	}
}

func (m *Metrics) called(c engine.Call) {
	m.foldSeconds.WithLabelValues(c.Pipeline).Observe(c.Took.Seconds())
	m.fuel.WithLabelValues(c.Pipeline).Add(float64(c.Fuel))
	m.status.memory.note(c.Pipeline, c.Generation, c.Memory)
	if c.Err != nil {
		m.errors.WithLabelValues(c.Pipeline, errorInFold).Inc()
	}
}

func (m *Metrics) executed(a engine.Attempt) {
	pipeline := a.Batch.Pipeline
	m.executeSeconds.WithLabelValues(pipeline, a.Executor).Observe(a.Took.Seconds())
	m.performed.WithLabelValues(pipeline, a.Executor).Add(float64(a.Performed))
	failed := m.failed.WithLabelValues(pipeline, a.Executor)
	if a.Err != nil {
		failed.Inc()
		m.errors.WithLabelValues(pipeline, errorInExecute).Inc()
	}
}
