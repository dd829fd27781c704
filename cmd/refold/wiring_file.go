package main

import (
	"context"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/plugins/file"
)

func openFile(p *parts, ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
	return file.Open(ctx, fileConfig(p.dir, spec.File), pipeline, generation)
}

func fileConfig(dir datadir.Dir, f *config.File) file.Config {
	return file.Config{Folder: dir.Resolve(f.Folder), MaxSize: int64(f.MaxSize), Keep: f.Keep}
}
