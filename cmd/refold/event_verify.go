package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/archive"
)

func (a *app) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Read all of the log and name its first fault",
		Long: `Read all of the log and name its first fault: a hole in the positions, a gap in
an aggregate's versions, an event id twice, a message that is no event. Where
there is an archive, the log is held against it, event by event: a log that lost
or changed events that the archive holds is named with the first position.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.verify(cmd.Context()) },
	}
}

func (a *app) verify(ctx context.Context) (err error) {
	s, err := a.openExisting(ctx, opening{unheard: true}, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if a.remote != nil {
		return a.verifyElsewhere(ctx, s)
	}
	report, err := eventstore.Verify(ctx, s.store)
	if err != nil {
		return err
	}
	compared, err := s.compareWithArchive(ctx)
	if err != nil {
		return divergence(err)
	}
	if a.json {
		return a.printJSON(map[string]any{"events": report.Events, "aggregates": report.Aggregates, "head": report.Through, "compared_with_archive": compared})
	}
	_, err = fmt.Fprintf(a.out, "sound: %d events of %d aggregates, %d of them as in the archive\n", report.Events, report.Aggregates, compared)
	return err
}

// verifyElsewhere has an engine elsewhere hold its log against its archive. What is read of
// the log besides takes the data directory.
func (a *app) verifyElsewhere(ctx context.Context, s *session) error {
	compared, err := s.compareWithArchive(ctx)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"compared_with_archive": compared})
	}
	_, err = fmt.Fprintf(a.out, "as in the archive: %d events; `refold event verify` on the engine's machine reads all of the log besides\n", compared)
	return err
}

// compareWithArchive returns how many events the archive bears witness of. A
// running engine is asked to compare its own.
func (s *session) compareWithArchive(ctx context.Context) (events uint64, err error) {
	if s.control != nil {
		through, err := s.control.CompareLog(ctx)
		if err != nil {
			err = &hinted{err, "stop the engine, and run `refold event verify` again: it says what can be done"}
		}
		return uint64(through), err
	}
	if _, err := os.Stat(s.dir.ArchivePath()); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	err = s.withArchive(func(kept *archive.Archive) error {
		events = uint64(kept.Head())
		return kept.CompareAll(ctx, s.log)
	})
	return events, err
}
