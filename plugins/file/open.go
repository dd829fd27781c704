package file

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/refold-dev/refold/plugins/claim"
)

// Open takes over a generation of a pipeline in the folder that cfg names: from now
// on every other executor of the generation is fenced off. A generation that the
// folder does not know begins at position 0. The first one of a pipeline is active at
// once; a later one is built beside the active one.
//
// Errors are a [*claim.FencedError] for a generation that the folder does not know and
// that is older than the active one, [ErrLocked], [ErrDiskFull], a [*LostError], or those of the folder.
func Open(ctx context.Context, cfg Config, pipeline string, generation uint64) (*Executor, error) {
	c, err := claim.New(pipeline, generation)
	if err != nil {
		return nil, fmt.Errorf("open a file executor: %w", err)
	}
	path, err := filepath.Abs(cfg.Folder)
	if err == nil {
		err = os.MkdirAll(path, 0o700)
	}
	if err != nil {
		return nil, explain(fmt.Errorf("create the folder: %w", err))
	}
	e := &Executor{cfg: cfg, folder: folder(path), claim: c}
	e.shelf = shelf(e.folder.path(generationName(c.Generation)))
	if err := e.folder.locked(ctx, e.takeOver); err != nil {
		return nil, fmt.Errorf("open %s for pipeline %s, generation %d: %w", cfg.Folder, pipeline, generation, err)
	}
	return e, nil
}

// takeOver makes this executor the generation's only writer, and cuts off what
// others have left unfinished.
func (e *Executor) takeOver() error {
	l, err := e.folder.readLedger(e.claim.Pipeline)
	if err != nil {
		return err
	}
	active, exists, err := e.folder.active()
	if err != nil {
		return err
	}
	m, known := l.Generations[e.claim.Generation]
	if exists && active > e.claim.Generation && !known {
		return e.claim.ReplacedBy(active)
	}
	if !known {
		m = mark{File: 1}
		err = e.shelf.begin()
	} else {
		err = e.shelf.settle(m)
	}
	if err != nil {
		return err
	}
	l.Epoch++
	m.Epoch = l.Epoch
	l.Generations[e.claim.Generation] = m
	if err := e.folder.write(l); err != nil {
		return err
	}
	if !exists {
		if err := e.folder.activate(e.claim.Generation); err != nil {
			return err
		}
		active = e.claim.Generation
	}
	e.active, e.serving = active == e.claim.Generation, active
	e.claim.Epoch, e.claim.Position = m.Epoch, m.Position
	return e.folder.sweep(l)
}
