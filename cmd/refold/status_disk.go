package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/refold-dev/refold/engine/datadir"
)

// diskUse is what the parts of a data directory take, in bytes.
type diskUse struct {
	Log       uint64 `json:"log_bytes"` // 0 where the log is elsewhere
	Archive   uint64 `json:"archive_bytes"`
	Modules   uint64 `json:"modules_bytes"`   // that generations are folded by
	Snapshots uint64 `json:"snapshots_bytes"` // of aggregates
	Others    uint64 `json:"others_bytes"`    // all else, such as what executors write there
	// Pipelines are the pipelines' states, by name.
	Pipelines map[string]uint64 `json:"pipelines_bytes"`
}

func diskUseOf(dir datadir.Dir, pipelines []string) (u diskUse, err error) {
	var errs [5]error
	u.Log, errs[0] = bytesBelow(dir.LogPath())
	u.Archive, errs[1] = bytesBelow(dir.ArchivePath())
	u.Snapshots, errs[2] = bytesBelow(dir.SnapshotsPath())
	u.Modules, errs[3] = bytesBelow(dir.Path("modules"))
	u.Others, errs[4] = bytesBeside(dir.Path(), dir.LogPath(), dir.ArchivePath(), dir.SnapshotsPath(), dir.Path("modules"), dir.PipelinesPath())
	err = errors.Join(errs[:]...)
	u.Pipelines = map[string]uint64{}
	for _, name := range pipelines {
		bytes, sizeErr := bytesBelow(filepath.Join(dir.PipelinesPath(), name))
		u.Pipelines[name], err = bytes, errors.Join(err, sizeErr)
	}
	return u, err
}

// bytesBeside adds up what a folder has but for some of its entries.
func bytesBeside(folder string, known ...string) (total uint64, err error) {
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if slices.Contains(known, path) {
			continue
		}
		bytes, sizeErr := bytesBelow(path)
		total, err = total+bytes, errors.Join(err, sizeErr)
	}
	return total, err
}

// bytesBelow adds up the files in a folder, or is a file's size. What comes and goes
// meanwhile may be in it or not; what is not there has none.
func bytesBelow(path string) (total uint64, err error) {
	err = filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return unlessGone(err)
		}
		info, err := entry.Info()
		if err == nil {
			total += uint64(info.Size())
		}
		return unlessGone(err)
	})
	return total, err
}

func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// printDisk says where the disk's space is.
func (a *app) printDisk(u diskUse) error {
	if a.json {
		return a.printJSON(u)
	}
	var states uint64
	for _, bytes := range u.Pipelines {
		states += bytes
	}
	parts := []string{}
	for _, p := range []struct {
		what  string
		bytes uint64
	}{{"log", u.Log}, {"archive", u.Archive}, {"pipelines", states}, {"modules", u.Modules}, {"snapshots of aggregates", u.Snapshots}, {"read models and others", u.Others}} {
		if p.bytes > 0 {
			parts = append(parts, p.what+" "+size(p.bytes))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(a.out, "on disk: %s\n", strings.Join(parts, ", "))
	return err
}
