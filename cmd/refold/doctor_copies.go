package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
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

// pipelines holds each checkpoint against the log's end.
func (d *diagnosis) pipelines(ctx context.Context, s *session, c *config.Config) {
	head, err := s.store.Head(ctx)
	var list []engine.Status
	if err == nil {
		list, err = statusOf(ctx, s)
	}
	if err != nil {
		d.failed("pipelines", err, "")
		return
	}
	known := map[string]bool{}
	for i := range list {
		known[list[i].Pipeline] = true
		d.pipeline(&list[i], head)
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

// pipeline judges one checkpoint. The log's end is as it was before the
// pipeline was asked; a live one may have gone on.
func (d *diagnosis) pipeline(s *engine.Status, head event.Position) {
	name := "pipeline " + s.Pipeline
	if s.State != engine.Stopped {
		head = max(head, s.Head)
	}
	text := fmt.Sprintf("%s at position %d of %d", s.State, s.Position, head)
	switch {
	case s.Position > head:
		d.fault(name, text+": the log has lost events that its read model includes", "`refold archive restore` puts them back, if the archive has them; `refold replay "+s.Pipeline+"` makes the read model again without them")
	case !s.Covered():
		d.fault(name, text+": delivered and filtered do not add up to the position", "`refold replay "+s.Pipeline+"` makes the read model again")
	case s.Error != "":
		d.warn(name, text+": "+s.Error, "mend its cause, and start the engine again")
	default:
		d.ok(name, text)
	}
}
