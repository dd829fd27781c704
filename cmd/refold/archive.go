package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/archive"
)

func (a *app) archiveCommand() *cobra.Command {
	return a.group("archive", "The log's local, indexed copy",
		a.archiveVerb("build", "Bring the archive to the log's present end", a.archiveBuild),
		a.archiveVerb("verify", "Read all of the archive and name the first damage", a.archiveVerify),
		a.archiveVerb("stats", "Print the archive's size", a.archiveStats),
		a.restoreCommand())
}

func (a *app) archiveVerb(name, short string, do func(context.Context, *session) error) *cobra.Command {
	return &cobra.Command{
		Use:   name,
		Short: short,
		Args:  args(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.alone(cmd.Context(), do) },
	}
}

// alone does something with a data directory that no engine has.
func (a *app) alone(ctx context.Context, do func(context.Context, *session) error) (err error) {
	s, err := a.openExisting(ctx, opening{unheard: true}, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if s.control != nil {
		return &hinted{s.dir.Taken(), "the engine keeps the archive while it runs; stop it first"}
	}
	return do(ctx, s)
}

// withArchive opens the archive as it is, neither mended nor compared with the
// log.
func (s *session) withArchive(do func(*archive.Archive) error) (err error) {
	kept, err := archive.Open(s.dir.ArchivePath(), archive.Options{ReadOnly: true})
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
	kept, err := openArchive(ctx, s, types, a.logger(slog.LevelInfo))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	head, err := s.store.Head(ctx)
	if err != nil {
		return err
	}
	if err := follow(ctx, kept, s.log, head, a.bar(int64(head), "archiving").Set64); err != nil {
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
		if st, err := kept.Stats(); err != nil {
			return err
		} else if st.Cut != nil {
			return st.Cut
		}
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
		return a.printJSON(map[string]any{"segments": st.Segments, "events": st.Events, "bytes": st.Bytes, "index_bytes": st.IndexBytes, "disk_bytes": st.DiskBytes, "head": kept.Head()})
	}
	_, err = fmt.Fprintf(a.out, "%d events in %d segments, %d bytes and %d of indexes, %d on disk\n", st.Events, st.Segments, st.Bytes, st.IndexBytes, st.DiskBytes)
	return err
}
