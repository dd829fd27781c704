package unfinished

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/refold-dev/refold/eventstore/jetstream/internal/blockfiles"
	"github.com/refold-dev/refold/eventstore/jetstream/internal/blocks"
)

// TakeBack cuts, from the end of each stream of the server that keeps its
// streams below root, a batch that was stored in part and that the server will
// not finish. It is called before the server starts and after
// blockfiles.DropIndexes. What it changes and what it does not understand it
// tells the logger; the error is one of the file system.
func TakeBack(root string, flush blockfiles.Flush, logger *slog.Logger) error {
	found, err := filepath.Glob(filepath.Join(root, "jetstream", "*", "streams", "*", "meta.inf"))
	if err != nil {
		return err
	}
	for _, description := range found {
		dir := filepath.Dir(description)
		err := takeBack(dir, flush, logger.With(slog.String("stream", filepath.Base(dir))))
		if err != nil {
			return fmt.Errorf("looking for an append in part in %s: %w", dir, err)
		}
	}
	return nil
}

func takeBack(dir string, flush blockfiles.Flush, logger *slog.Logger) error {
	for {
		at, err := plan(dir)
		var strange *notUnderstoodError
		switch {
		case errors.As(err, &strange):
			logger.Warn("the end of the stream was not looked at for an append in part", slog.String("reason", strange.reason))
			return nil
		case err != nil || at == nil:
			return err
		}
		logger.Warn("an append that was never acknowledged is stored in part, and is taken back",
			slog.Uint64("position", at.sequence), slog.Uint64("events", at.messages))
		if err := at.apply(filepath.Join(dir, "msgs"), flush); err != nil {
			return err
		}
	}
}

// plan returns what is to be cut, nil if nothing is.
func plan(dir string) (*cut, error) {
	s, err := openStream(dir)
	if err != nil || s == nil {
		return nil, err
	}
	return s.end()
}

// apply cuts, from the end to the front, so that at each moment the stream ends
// in a part of the batch, or in front of it.
func (c *cut) apply(dir string, flush blockfiles.Flush) error {
	for _, path := range c.later {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	if err := blockfiles.FlushPath(dir, flush); err != nil {
		return err
	}
	path := blocks.Path(dir, c.block)
	if err := os.Truncate(path, c.offset); err != nil {
		return err
	}
	return blockfiles.FlushPath(path, flush)
}
