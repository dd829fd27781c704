package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/refold-dev/refold/engine/config"
)

// quietFor is how long nothing may change before files are read: an editor writes more
// than once.
const quietFor = 200 * time.Millisecond

// maxLinks bounds the symbolic links that are followed from one to the next.
const maxLinks = 16

// fileWatch is told when files change. It watches their folders: whoever replaces a file
// renames another one to its name, or lets a symbolic link on the way to it, such as
// Kubernetes' ..data, point elsewhere.
type fileWatch struct {
	watcher  *fsnotify.Watcher // nil where the system tells nothing
	paths    map[string]bool   // that count
	patterns []string
	folders  map[string]bool
	looking  sync.WaitGroup
}

func watchFiles(d config.Dependencies, logger *slog.Logger) *fileWatch {
	w := &fileWatch{paths: map[string]bool{}, folders: map[string]bool{}}
	for _, path := range d.Files {
		w.add(absolute(path), maxLinks)
	}
	for _, pattern := range d.Patterns {
		pattern = absolute(pattern)
		w.patterns = append(w.patterns, pattern)
		if folder := filepath.Dir(pattern); !strings.ContainsAny(folder, "*?[") {
			w.add(filepath.Join(folder, "any"), maxLinks)
		}
	}
	var err error
	if w.watcher, err = fsnotify.NewWatcher(); err != nil {
		logger.Warn("files are looked at from time to time only", "error", err)
		return w
	}
	for folder := range w.folders {
		if err := w.watcher.Add(folder); err != nil {
			logger.Debug("a folder is looked at from time to time only", "folder", folder, "error", err)
		}
	}
	return w
}

// add adds a path, and every symbolic link on the way to it.
func (w *fileWatch) add(path string, links int) {
	for at := path; at != filepath.Dir(at); at = filepath.Dir(at) {
		target, err := os.Readlink(at)
		if err == nil || at == path {
			w.paths[at], w.folders[filepath.Dir(at)] = true, true
		}
		if err != nil || links == 0 {
			continue
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(at), target)
		}
		w.add(filepath.Join(target, strings.TrimPrefix(path, at)), links-1)
	}
}

// changes gets a value when the files differ from what they were, and are quiet again, and
// is closed when ctx is done. They are looked at once before anything is told of them: what
// has happened before the watch began would not be.
func (w *fileWatch) changes(ctx context.Context, differ func() bool) <-chan struct{} {
	changed := make(chan struct{}, 1)
	w.looking.Go(func() {
		defer close(changed)
		for wait := time.Duration(0); w.quiet(ctx, wait); wait = pollEvery {
			if differ() {
				changed <- struct{}{}
				return
			}
		}
	})
	return changed
}

// quiet waits until something has changed, and does no more, or for a time. It is false
// when ctx is done.
func (w *fileWatch) quiet(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	var events chan fsnotify.Event
	var errs chan error
	if w.watcher != nil {
		events, errs = w.watcher.Events, w.watcher.Errors
	}
	for {
		select {
		case e := <-events:
			if w.concerns(e) {
				timer.Reset(quietFor)
			}
		case <-errs: // something may have been missed
			timer.Reset(quietFor)
		case <-timer.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
}

func (w *fileWatch) concerns(e fsnotify.Event) bool {
	return e.Op != fsnotify.Chmod && (w.paths[e.Name] || slices.ContainsFunc(w.patterns, func(pattern string) bool {
		matches, _ := filepath.Match(pattern, e.Name)
		return matches
	}))
}

// close ends the watch, whose context is done.
func (w *fileWatch) close() {
	w.looking.Wait()
	if w.watcher != nil {
		_ = w.watcher.Close() // nothing is lost
	}
}
