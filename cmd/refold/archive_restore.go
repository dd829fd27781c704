package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strconv"

	"github.com/spf13/cobra"

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
kept beside the new one, and named.`,
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
	var refilled archive.Refilled
	var damage error
	err = s.withArchive(func(kept *archive.Archive) (err error) {
		refilled, err = refill(ctx, made, store, kept, s.log, a.logger(slog.LevelWarn))
		damage = damageOf(kept)
		return err
	})
	if err == nil {
		err = s.close() // the old log lets go of its folder
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(made))
	}
	old, err := exchange(s.dir.LogPath(), made)
	if err != nil {
		return err
	}
	if a.json {
		err := a.printJSON(map[string]any{"restored": refilled.Archived, "saved": refilled.Saved, "unsaved": refilled.Unsaved, "old_log": old})
		return errors.Join(err, damage)
	}
	fmt.Fprintf(a.out, "%d events put back from the archive, %d behind them saved from the old log, which is now %s\n", refilled.Archived, refilled.Saved, old)
	if refilled.Unsaved > 0 {
		fmt.Fprintf(a.out, "%d positions of the old log, from %d on, are not in the new one: the old one cannot be read there, or only behind a hole\n", refilled.Unsaved, refilled.Archived+refilled.Saved+1)
	}
	return damage
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

// exchange puts one folder in the place of another one, which it gives a name
// that is free.
func exchange(dir, made string) (old string, err error) {
	for n := 1; ; n++ {
		old = dir + ".replaced-" + strconv.Itoa(n)
		if _, err := os.Stat(old); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return "", err
		}
	}
	if err := os.Rename(dir, old); err != nil {
		return "", err
	}
	return old, os.Rename(made, dir)
}
