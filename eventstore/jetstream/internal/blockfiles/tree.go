package blockfiles

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// flushTree flushes all files and folders below root, and root. What vanishes
// meanwhile needs no flush.
func flushTree(root string, flush Flush) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && (d.IsDir() || d.Type().IsRegular()) {
			err = FlushPath(path, flush)
		}
		if errors.Is(err, fs.ErrNotExist) && path != root {
			return nil
		}
		return err
	})
}

// FlushPath makes a file's bytes, or a folder's names, durable.
func FlushPath(path string, flush Flush) error {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() && !foldersFlush {
		return err
	}
	open := openToFlush
	if info.IsDir() {
		open = os.Open
	}
	file, err := open(path)
	if err != nil {
		return err
	}
	return errors.Join(flush(file), file.Close())
}

// openToFlush opens a file so that every operating system allows the flush.
// Nothing is written through it.
func openToFlush(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDWR, 0) }

// foldersFlush is whether a folder can be flushed: Windows keeps names in
// order by itself, and refuses.
const foldersFlush = runtime.GOOS != "windows"

// cleanName is a file that says that the server under a root was stopped in
// order and that all of its files are durable.
const cleanName = "refold.clean"

// DropIndexes removes the indexes of all streams below root, unless MarkClean
// was the last to be there, which it reports. It is called before a server
// starts, and takes the mark away. The server rebuilds the indexes by reading
// the messages.
func DropIndexes(root string, flush Flush) (clean bool, err error) {
	mark := filepath.Join(root, cleanName)
	if err := os.Remove(mark); err == nil {
		return true, FlushPath(root, flush)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return false, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == "index.db" && strings.HasSuffix(filepath.Dir(path), "msgs") {
			return os.Remove(path)
		}
		return nil
	})
}

// Clean reports whether MarkClean was the last to be there. It changes nothing.
func Clean(root string) bool {
	_, err := os.Stat(filepath.Join(root, cleanName))
	return err == nil
}

// MarkClean makes all below root durable and leaves the mark. It is called
// after the server has stopped.
func MarkClean(root string, flush Flush) error {
	if err := flushTree(root, flush); err != nil {
		return err
	}
	mark := filepath.Join(root, cleanName)
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		return err
	}
	return errors.Join(FlushPath(mark, flush), FlushPath(root, flush))
}
