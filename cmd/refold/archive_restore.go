package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/eventstore/archive"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

func (a *app) restoreCommand() *cobra.Command {
	var anew bool
	c := &cobra.Command{
		Use:   "restore",
		Short: "Put back into the log what it has lost and the archive holds",
		Long: `Put back into the log what it has lost and the archive holds: the events behind
the log's end. What the log has must be as in the archive.

With --anew an embedded log is written anew: the events of the archive, and
behind them what the old log still has and can be read. It is for a log that has
lost events in its midst, or of which files are damaged. The old log's folder is
kept beside the new one, and named. What can be read in it behind a hole that the
archive does not fill cannot be put at its position: it is written to a file
beside that folder, one event a line, for you to look at and perhaps to import.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.alone(cmd.Context(), func(ctx context.Context, s *session) error {
				if anew {
					return a.restoreAnew(ctx, s)
				}
				return a.restore(ctx, s)
			})
		},
	}
	c.Flags().BoolVar(&anew, "anew", false, "write an embedded log anew")
	return c
}

func (a *app) restore(ctx context.Context, s *session) error {
	restored, damage := 0, error(nil)
	err := s.withArchive(func(kept *archive.Archive) (err error) {
		restored, err = kept.Restore(ctx, s.log)
		damage = damageOf(kept)
		return err
	})
	var diverged *archive.DivergedError
	if errors.As(err, &diverged) {
		return &hinted{err, "the log has not only lost events at its end. If its files are damaged, `refold archive restore --anew` writes an embedded log anew (a stream on a server elsewhere: delete it, and restore again). If the log is right and the archive is another one's, delete the archive's folder"}
	}
	if err != nil {
		return err
	}
	if a.json {
		return errors.Join(a.printJSON(map[string]any{"restored": restored}), damage)
	}
	fmt.Fprintf(a.out, "%d events put back\n", restored)
	return damage
}

// damageOf says that an archive which was read is damaged, so that not all that
// it held has been put back.
func damageOf(kept *archive.Archive) error {
	st, err := kept.Stats()
	if err != nil || st.Cut == nil {
		return err
	}
	return &hinted{st.Cut, "what the archive held from there on has not been put back; its files are as they were: keep a copy of them before an engine runs"}
}

// restoreAnew makes a new log beside the old one, and exchanges the two once
// the new one is complete.
func (a *app) restoreAnew(ctx context.Context, s *session) error {
	store, err := s.dir.Store()
	if err != nil {
		return err
	}
	if store.URL != "" {
		return &hinted{errors.New("the log is on a server elsewhere and cannot be exchanged"), "delete its stream there, and run `refold archive restore` without --anew"}
	}
	made := s.dir.LogPath() + ".new"
	if err := os.RemoveAll(made); err != nil { // of a run that was broken off
		return err
	}
	var r anew
	var damage error
	if r.Old, err = freeName(s.dir.LogPath() + ".replaced-"); err != nil {
		return err
	}
	err = s.withArchive(func(kept *archive.Archive) (err error) {
		r.Refilled, err = refill(ctx, made, store, kept, s.log, a.logger(slog.LevelWarn))
		damage = damageOf(kept)
		return err
	})
	if err == nil && r.Unsaved > 0 {
		r.Salvaged, err = salvage(ctx, s.log, event.Position(r.Archived+r.Saved+1), r.salvagedTo())
	}
	if err == nil {
		err = s.close() // the old log lets go of its folder
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(made))
	}
	if err := exchange(s.dir.LogPath(), made, r.Old); err != nil {
		return err
	}
	return errors.Join(a.printAnew(r), damage)
}

// anew is what a log that was written anew has, and what it lacks.
type anew struct {
	archive.Refilled
	Old      string // the folder of the old log
	Salvaged int    // events of the old log that are not in the new one
}

// salvagedTo is the file that has them.
func (r *anew) salvagedTo() string { return r.Old + ".jsonl" }

func (a *app) printAnew(r anew) error {
	if a.json {
		line := map[string]any{"restored": r.Archived, "saved": r.Saved, "unsaved": r.Unsaved, "salvaged": r.Salvaged, "old_log": r.Old}
		if r.Salvaged > 0 {
			line["salvaged_to"] = r.salvagedTo()
		}
		return a.printJSON(line)
	}
	fmt.Fprintf(a.out, "%d events put back from the archive, %d behind them saved from the old log, which is now %s\n", r.Archived, r.Saved, r.Old)
	if r.Unsaved > 0 {
		fmt.Fprintf(a.out, "%d positions of the old log, from %d on, are not in the new one: the old one cannot be read there, or only behind a hole\n", r.Unsaved, r.Archived+r.Saved+1)
	}
	if r.Salvaged > 0 {
		fmt.Fprintf(a.out, "%d events from behind holes are in %s: `refold event import` takes them, and gives them the next positions and versions\n", r.Salvaged, r.salvagedTo())
	}
	return nil
}

// salvage writes what can be read of an unsound log from a position on to a file,
// if there is any.
func salvage(ctx context.Context, unsound archive.Log, from event.Position, path string) (n int, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriterSize(f, 256<<10)
	var line []byte
	for batch, err := range archive.Salvage(ctx, unsound, from) {
		if err != nil {
			return n, errors.Join(err, f.Close(), os.Remove(path))
		}
		for i := range batch {
			line = append(event.AppendJSON(line[:0], &batch[i].Event), '\n')
			_, _ = out.Write(line) // Flush has the error
			n++
		}
	}
	err = errors.Join(out.Flush(), f.Sync(), f.Close())
	if n == 0 || err != nil {
		err = errors.Join(err, os.Remove(path))
	}
	return n, err
}

// refill makes an embedded log in a folder.
func refill(ctx context.Context, dir string, store config.Store, kept *archive.Archive, old archive.Log, logger *slog.Logger) (refilled archive.Refilled, err error) {
	server, err := embedded.Start(embedded.Options{Dir: dir, Sync: embedded.Sync(store.Sync), Logger: logger})
	if err != nil {
		return refilled, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	cfg := jetstream.Config{URL: server.URL(), Token: server.Token(), Prefix: store.Prefix, Logger: logger}
	log, err := jetstream.Open(ctx, cfg)
	if err != nil {
		return refilled, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	return kept.Refill(ctx, log, old)
}

// freeName returns the first of prefix1, prefix2, … that is free.
func freeName(prefix string) (string, error) {
	for n := 1; ; n++ {
		name := prefix + strconv.Itoa(n)
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return name, nil
		} else if err != nil {
			return "", err
		}
	}
}

// exchange puts one folder in the place of another one, which gets another name.
func exchange(dir, made, old string) error {
	if err := os.Rename(dir, old); err != nil {
		return err
	}
	return os.Rename(made, dir)
}
