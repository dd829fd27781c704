package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
)

const visibleConfig = `pipelines:
  - name: lines_by_dir
    projection: {wasm: %q}
    executors:
      - sqlite:
          path: visible.db
          tables:
            - name: lines_by_dir
              columns: {dir: text, additions: integer, deletions: integer, changes: integer}
              primary_key: [dir]
`

func (r *visibleRun) configFile() string { return filepath.Join(r.dir, "pipelines.yaml") }

func (r *visibleRun) writeConfig() error {
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(r.configFile(), []byte(r.config), 0o600)
}

// fill imports what the log is to have already.
func (r *visibleRun) fill(ctx context.Context, s *session) (err error) {
	if r.before == 0 {
		return nil
	}
	into, err := s.log.Bulk(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	for i := range r.before {
		if err := add(ctx, into, r.event(i)); err != nil {
			return err
		}
	}
	return into.Flush(ctx)
}

// withEngine calls do while an engine is live.
func (r *visibleRun) withEngine(ctx context.Context, a *app, b *bench, do func(*session, *engine.Engine) error) (err error) {
	c, err := config.Load(r.configFile())
	if err != nil {
		return err
	}
	parts, err := newParts(ctx, datadir.At(a.data), b.logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close(context.WithoutCancel(ctx))) }()
	s, err := a.open(ctx, opening{config: c, archived: true}, b.logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := r.fill(ctx, s); err != nil {
		return err
	}
	over := pipelineRun{session: s, parts: parts, pipelines: c.Pipelines}
	e, err := over.open(ctx, r.observer())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close(context.WithoutCancel(ctx))) }()
	running, stop := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() { e.Run(running) })
	defer ended.Wait()
	defer stop()
	select {
	case <-r.live:
		return do(s, e)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *visibleRun) observer() engine.Observer {
	var once sync.Once
	return engine.Observer{
		Changed: func(t engine.Transition) {
			if t.Pipeline == r.pipeline && t.To == engine.Live {
				once.Do(func() { close(r.live) })
			}
		},
		Faulted: func(_ string, err error) { r.stop(err) },
	}
}
