package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/archive"
)

func (a *app) archiveCommand() *cobra.Command {
	return a.group("archive", "The log's local, indexed copy",
		a.archiveVerb("build", "Bring the archive to the log's present end", a.archiveBuild),
		a.archiveVerb("verify", "Read all of the archive and name the first damage", a.archiveVerify),
		a.archiveVerb("stats", "Print the archive's size", a.archiveStats),
		a.archiveVerb("restore", "Put back the events at its end that the log has lost", a.archiveRestore))
}

func (a *app) archiveVerb(name, short string, do func(context.Context, *session) error) *cobra.Command {
	return &cobra.Command{
		Use:   name,
		Short: short,
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			s, err := a.openExisting(cmd.Context(), opening{}, a.logger(slog.LevelWarn))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.close()) }()
			if s.control != nil {
				return &hinted{&datadir.InUseError{Path: a.data}, "the engine keeps the archive while it runs; stop it first"}
			}
			return do(cmd.Context(), s)
		},
	}
}

// withArchive opens the archive as it is, neither mended nor compared with the
// log.
func (s *session) withArchive(do func(*archive.Archive) error) (err error) {
	types, err := s.catalog(nil)
	if err != nil {
		return err
	}
	kept, err := archive.Open(s.dir.ArchivePath(), archive.Options{Digest: types.Digest()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	return do(kept)
}

func (a *app) archiveBuild(ctx context.Context, s *session) (err error) {
	types, err := s.catalog(nil)
	if err != nil {
		return err
	}
	kept, err := openArchive(ctx, s.dir, s.store, types.Digest(), a.logger(slog.LevelInfo))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	head, err := s.store.Head(ctx)
	if err != nil {
		return err
	}
	if err := follow(ctx, kept, s.store, head, a.bar(int64(head), "archiving").Set64); err != nil {
		return err
	}
	return a.printArchive(kept)
}

// follow copies the log into the archive as far as a position.
func follow(ctx context.Context, kept *archive.Archive, log archive.Log, through event.Position, show func(int64) error) error {
	following, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- kept.Follow(following, log)
		stop()
	}()
	for at := kept.Head(); at < through; at = kept.Head() {
		_ = show(int64(at))
		if kept.Wait(following, at) != nil {
			break
		}
	}
	stop()
	return errors.Join(<-ended, ctx.Err())
}

func (a *app) archiveVerify(ctx context.Context, s *session) error {
	var report archive.Report
	err := s.withArchive(func(kept *archive.Archive) (err error) {
		report, err = kept.Verify(ctx)
		return err
	})
	if err != nil {
		return &hinted{err, "`refold archive build` drops what follows the damage and fetches it from the log again"}
	}
	if a.json {
		return a.printJSON(map[string]any{"segments": report.Segments, "blocks": report.Blocks, "events": report.Events, "bytes": report.Bytes, "head": report.Head, "chain": fmt.Sprintf("%x", report.Chain)})
	}
	_, err = fmt.Fprintf(a.out, "sound: %d events in %d blocks of %d segments, chain %x\n", report.Events, report.Blocks, report.Segments, report.Chain)
	return err
}

func (a *app) archiveStats(_ context.Context, s *session) error {
	return s.withArchive(a.printArchive)
}

func (a *app) printArchive(kept *archive.Archive) error {
	st, err := kept.Stats()
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"segments": st.Segments, "events": st.Events, "bytes": st.Bytes, "index_bytes": st.IndexBytes, "head": kept.Head()})
	}
	_, err = fmt.Fprintf(a.out, "%d events in %d segments, %d bytes and %d of indexes\n", st.Events, st.Segments, st.Bytes, st.IndexBytes)
	return err
}

// archiveRestore appends what the archive holds behind the log's end. The log
// must be the archive's up to there.
func (a *app) archiveRestore(ctx context.Context, s *session) error {
	head, err := s.store.Head(ctx)
	if err != nil {
		return err
	}
	restored := 0
	err = s.withArchive(func(kept *archive.Archive) (err error) {
		var diverged *archive.DivergedError
		if err := kept.Compare(ctx, s.store); errors.As(err, &diverged) && diverged.Position <= head {
			return &hinted{err, "the log holds other events than the archive, it has not only lost some: restore it from a backup"}
		} else if err != nil && diverged == nil {
			return err
		}
		restored, err = restore(ctx, s.store, kept, head)
		return err
	})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"restored": restored})
	}
	_, err = fmt.Fprintf(a.out, "%d events put back behind position %d\n", restored, head)
	return err
}

func restore(ctx context.Context, log eventstore.Log, kept *archive.Archive, head event.Position) (restored int, err error) {
	bulk, err := log.Bulk(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, bulk.Close()) }()
	for batch, err := range kept.Missing(head + 1) {
		if err != nil {
			return restored, err
		}
		for i := range batch {
			if _, err := bulk.Add(ctx, batch[i].Event); err != nil {
				return restored, err
			}
			restored++
		}
	}
	return restored, bulk.Flush(ctx)
}
