package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// The folders of an archive that is being rebuilt: the new one, and, while they
// change places, the old one. Open finishes what a crash left.
const (
	rebuildSuffix = ".rebuild"
	replaced      = ".replaced"
)

// Rebuild writes an archive that is not open anew, under another catalog, from
// the events as they were stored, which it holds itself. So the log is not read
// again, and what the archive bears witness of is not lost. The archive is the
// old one or the new one, whatever happens; damage in the old one ends the new
// one before it.
func Rebuild(ctx context.Context, dir string, opts Options) error {
	if err := rebuild(ctx, dir, opts); err != nil {
		return errors.Join(fmt.Errorf("rebuilding the archive in %s: %w", dir, err), os.RemoveAll(dir+rebuildSuffix))
	}
	return nil
}

func rebuild(ctx context.Context, dir string, opts Options) error {
	from := opts
	from.ReadOnly = true
	old, err := Open(dir, from)
	if err != nil {
		return err
	}
	err = copyStored(ctx, old, dir+rebuildSuffix, opts)
	if err := errors.Join(err, old.Close()); err != nil {
		return err
	}
	if err := os.Rename(dir, dir+replaced); err != nil {
		return err
	}
	return finishRebuild(dir)
}

// copyStored makes a new archive of what another one holds.
func copyStored(ctx context.Context, old *Archive, dir string, opts Options) (err error) {
	if err := os.RemoveAll(dir); err != nil { // of a rebuild that was broken off
		return err
	}
	made, err := Open(dir, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, made.Close()) }() // which syncs
	for batch, err := range old.Missing(1) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = made.Append(batch)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// finishRebuild puts the new folder in the old one's place, if there is one
// that is not there any more.
func finishRebuild(dir string) error {
	if _, err := os.Stat(dir + replaced); errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		// The old folder is moved away only once the new one is complete. Only
		// a power failure can lose that one's name.
		err := os.Rename(dir+rebuildSuffix, dir)
		if errors.Is(err, os.ErrNotExist) {
			return os.Rename(dir+replaced, dir)
		}
		if err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	return os.RemoveAll(dir + replaced)
}
