package main

import (
	"cmp"
	"fmt"
	"log/slog"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/engine/delivery"
)

// metricsOf are those of the engine of a data directory.
func metricsOf(dir datadir.Dir) *control.Metrics {
	b := thisBuild()
	return control.NewMetrics(control.MetricsOptions{
		Build: control.Build{Version: b.Version, Revision: b.Revision, GoVersion: b.Go},
		Disk:  func() (control.Disk, error) { return diskOf(dir) },
	})
}

// diskOf is what a data directory takes, and what is left where it is.
func diskOf(dir datadir.Dir) (d control.Disk, err error) {
	u, err := diskUseOf(dir, nil)
	if err != nil {
		return d, err
	}
	states, err := bytesBelow(dir.PipelinesPath())
	if err != nil {
		return d, err
	}
	d.Parts = map[string]uint64{"log": u.Log, "archive": u.Archive, "modules": u.Modules, "snapshots": u.Snapshots, "pipelines": states, "others": u.Others}
	if free, err := freeSpace(dir.Path()); err == nil {
		d.Free = &free
	}
	return d, nil
}

// serveMonitor serves health and metrics at the address that --monitor names, or else the
// YAML. It returns how that is ended.
func (r *pipelineRun) serveMonitor(e *engine.Engine, m *control.Metrics, flag string, logger *slog.Logger) (end func(), err error) {
	address := cmp.Or(flag, r.config.Monitor.Listen)
	if address == "" {
		return func() {}, nil
	}
	monitor, err := control.ListenMonitor(address, e, m, logger)
	switch {
	case err != nil && flag != "":
		return nil, fmt.Errorf("--monitor: %w", err)
	case err != nil:
		return nil, placed(err, r.config.Monitor.Where("listen"))
	}
	logger.Info("health and metrics are served", "url", monitor.URL())
	return func() { _ = monitor.Close() }, nil // there is nothing to lose
}

// loggingObserver tells the log what an operator wants to know.
func loggingObserver(logger *slog.Logger) engine.Observer {
	return engine.Observer{
		Changed: func(t engine.Transition) {
			logger.Info("pipeline", "pipeline", t.Pipeline, "from", string(t.From), "to", string(t.To), "by", string(t.By))
		},
		Called: func(c engine.Call) {
			if c.Err != nil {
				logger.Debug("not folded", "pipeline", c.Pipeline, "generation", c.Generation, "first", uint64(c.First), "last", uint64(c.Last), "error", c.Err.Error())
			}
		},
		Executed: func(a engine.Attempt) {
			if _, passes := delivery.Retryable(a.Err); passes {
				logger.Warn("an executor's attempt has failed", "pipeline", a.Batch.Pipeline, "executor", a.Executor, "through", uint64(a.Batch.Through), "error", a.Err.Error())
			}
		},
		Folded: func(pipeline string, generation uint64, through event.Position, events, effects int) {
			logger.Debug("folded", "pipeline", pipeline, "generation", generation, "position", uint64(through), "events", events, "effects", effects)
		},
		Checkpointed: func(c engine.Checkpoint) {
			logger.Debug("checkpoint", "pipeline", c.Pipeline, "generation", c.Generation, "position", uint64(c.Position), "took", c.Took)
		},
		Faulted: func(pipeline string, err error) {
			about := []any{"pipeline", pipeline, "error", err.Error()}
			if hint := adviceOn(err); hint != "" {
				about = append(about, "hint", hint)
			}
			logger.Error("pipeline has stopped", about...)
		},
	}
}
