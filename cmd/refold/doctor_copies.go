package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/eventstore/archive"
)

// archive holds the archive's end against the log.
func (d *diagnosis) archive(ctx context.Context, s *session) {
	const name = "archive"
	if s.control != nil {
		d.ok(name, "the engine has it, and held it against the log at its start")
		return
	}
	if _, err := os.Stat(s.dir.ArchivePath()); errors.Is(err, fs.ErrNotExist) {
		d.ok(name, "none yet; `refold run` makes it")
		return
	}
	head, err := s.store.Head(ctx)
	if err != nil {
		d.failed(name, err, "")
		return
	}
	var at event.Position
	err = s.withArchive(func(kept *archive.Archive) error {
		at = kept.Head()
		err := kept.Compare(ctx, s.log)
		if st, statErr := kept.Stats(); err == nil && statErr == nil && st.Cut != nil {
			return st.Cut
		}
		return err
	})
	var diverged *archive.DivergedError
	switch {
	case errors.As(err, &diverged):
		d.failed(name, divergence(err), "")
	case err != nil:
		d.warn(name, err.Error(), "`refold archive build` makes of it what it must be, from the log")
	default:
		d.ok(name, fmt.Sprintf("it ends at position %d as the log has it, %d events behind", at, head-at))
	}
}

// pipelines reads the pipelines' states, and holds each checkpoint against the
// log's end. The session may be that of a copy of dir.
func (d *diagnosis) pipelines(ctx context.Context, s *session, dir datadir.Dir, c *config.Config) {
	known := map[string]bool{}
	if err := d.knownPipelines(ctx, s, dir, known); err != nil {
		d.failed("pipelines", err, "")
	}
	if c == nil {
		return
	}
	for _, p := range c.Pipelines {
		if !known[p.Name] {
			d.ok("pipeline "+p.Name, "has not run yet")
		}
	}
}

// knownPipelines judges the pipelines that have run, and notes them.
func (d *diagnosis) knownPipelines(ctx context.Context, s *session, dir datadir.Dir, known map[string]bool) error {
	head, err := s.store.Head(ctx)
	if err != nil {
		return err
	}
	if s.control != nil {
		list, err := s.control.Status(ctx)
		for i := range list {
			known[list[i].Pipeline] = true
			d.pipeline(&list[i], head)
		}
		return err
	}
	specs, err := s.dir.Pipelines()
	for _, spec := range specs {
		known[spec.Name] = true
		err := withKept(ctx, s, spec, func(kept *engine.Kept) error {
			if err := kept.Verify(); err != nil {
				return err
			}
			status := kept.Status(head)
			d.pipeline(&status, head)
			return nil
		})
		if err != nil {
			d.failed("pipeline "+spec.Name, ofOriginal(err, s.dir, dir), "")
		}
	}
	return err
}

// ofOriginal makes an error about a copy's file one about the original's.
func ofOriginal(err error, copied, dir datadir.Dir) error {
	var damaged *engine.DamagedStateError
	if !errors.As(err, &damaged) {
		return err
	}
	name, relErr := filepath.Rel(copied.Path(), damaged.Path)
	if relErr != nil {
		return err
	}
	return &engine.DamagedStateError{Path: dir.Path(name), Reason: damaged.Reason}
}

// pipeline judges one checkpoint. The log's end is as it was before the
// pipeline was asked; a live one may have gone on.
func (d *diagnosis) pipeline(s *engine.Status, head event.Position) {
	name := "pipeline " + s.Pipeline
	if s.State != engine.Stopped && s.State != engine.Declared {
		head = max(head, s.Head)
	}
	text := fmt.Sprintf("%s at position %d of %d", s.State, s.Position, head)
	troubled := retrying(s)
	switch {
	case s.Unread:
		d.fault(name, s.Error, s.Hint)
	case s.Generation == 0 && s.State == engine.Declared:
		d.warn(name, "it has no state", "`refold run` makes it, from the log")
	case s.Position > head:
		d.fault(name, text+": the log has lost events that its read model includes", "`refold archive restore` puts them back, if the archive has them; `refold replay "+s.Pipeline+"` makes the read model again without them")
	case !s.Covered():
		d.fault(name, text+": delivered, filtered, parked and dead-lettered do not add up to the position", "`refold replay "+s.Pipeline+"` makes the read model again")
	case s.State == engine.Paused:
		d.warn(name, text+", and not run", "`refold resume "+s.Pipeline+"` lets it go on")
	case s.Error != "":
		d.warn(name, text+": "+s.Error, cmp.Or(s.Hint, "mend its cause")+"; then `refold resume "+s.Pipeline+"`, or the next `refold run`, tries again")
	case troubled != nil:
		d.warn(name, fmt.Sprintf("%s: %s has failed %d times: %s", text, troubled.Name, troubled.Attempts, troubled.Error), "mend what it writes to; when the attempts are used up, the pipeline stops")
	default:
		d.ok(name, text)
	}
}

// retrying is an executor that has failed, and tries again; nil if there is none.
func retrying(s *engine.Status) *engine.ExecutorStatus {
	for i := range s.Executors {
		if s.Executors[i].Error != "" {
			return &s.Executors[i]
		}
	}
	return nil
}
