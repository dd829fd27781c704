package sqlite

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// createFile makes the file before SQLite does, for the sake of its mode: the
// -wal and -shm files beside it take theirs from it.
func createFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("create the folder: %w", err)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return errors.New("the path is a folder")
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// dataSource is the driver's name for the file: a URI, because any other form
// gives a meaning to characters that a path may hold.
func dataSource(path string, busy time.Duration) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	abs = filepath.ToSlash(abs)
	if !strings.HasPrefix(abs, "/") {
		abs = "/" + abs
	}
	query := url.Values{}
	query.Set("_busy_timeout", strconv.FormatInt(busy.Milliseconds(), 10))
	query.Set("_dqs", "0")
	query.Set("_error_rc", "1")
	u := url.URL{Scheme: "file", Path: abs, RawQuery: query.Encode()}
	return u.String(), nil
}
