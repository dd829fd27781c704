package main

import (
	"context"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/plugins/file"
)

func openFile(p *parts, ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
	f := spec.File
	return file.Open(ctx, file.Config{Folder: p.dir.Resolve(f.Folder), MaxSize: int64(f.MaxSize), Keep: f.Keep}, pipeline, generation)
}
