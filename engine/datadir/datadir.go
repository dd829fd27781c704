package datadir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/refold-dev/refold/engine/config"
)

// Format is the version of the layout that this package reads and writes.
const Format = 1

// newPrefix begins the name of a file that is being written.
const newPrefix = ".new-"

// ErrNone is a data directory that does not exist.
var ErrNone = errors.New("there is no data directory")

// InUseError is a data directory that another process uses.
type InUseError struct {
	Path string
	PID  int // of the engine that it is; 0 where it has not said so
}

func (e *InUseError) Error() string {
	if e.PID != 0 {
		return fmt.Sprintf("an engine, process %d, uses the data directory %s", e.PID, e.Path)
	}
	return fmt.Sprintf("another process uses the data directory %s", e.Path)
}

// OwnerError is a data directory of another user. Only root gets that far, and what it
// wrote there that user could not open.
type OwnerError struct {
	Path     string
	UID, GID int
}

func (e *OwnerError) Error() string {
	return fmt.Sprintf("the data directory %s belongs to user %d, who could not open what root writes there", e.Path, e.UID)
}

// Dir is a data directory. It may not exist yet.
type Dir struct{ path string }

// At returns the data directory at path.
func At(path string) Dir { return Dir{path} }

// Endpoint says how to reach the process that uses a data directory. It holds
// secrets.
type Endpoint struct {
	PID          int    `json:"pid"`
	LogURL       string `json:"log_url"`
	LogToken     string `json:"log_token"`
	ControlURL   string `json:"control_url"`
	ControlToken string `json:"control_token"`
}

// NoteError is a file of a data directory that does not hold what was written to
// it.
type NoteError struct {
	Path string
	Err  error
}

func (e *NoteError) Error() string { return fmt.Sprintf("%s is damaged: %v", e.Path, e.Err) }
func (e *NoteError) Unwrap() error { return e.Err }

// UnmarkedError is a folder with the parts of a data directory, but without the
// format.json that makes it one.
type UnmarkedError struct {
	Path string
	Part string // one of the parts
}

func (e *UnmarkedError) Error() string {
	return fmt.Sprintf("%s has %s, as a data directory has, but no format.json", e.Path, e.Part)
}

// FormatError is a data directory in a layout that this package does not read.
type FormatError struct {
	Path    string
	Version int
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("the data directory %s has format %d; this Refold reads %d", e.Path, e.Version, Format)
}

type format struct {
	Version int `json:"format"`
}

// Path joins names to the directory's path.
func (d Dir) Path(names ...string) string {
	return filepath.Join(append([]string{d.path}, names...)...)
}

// Resolve returns path as it is, if it is absolute, or below the directory.
func (d Dir) Resolve(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return d.Path(path)
}

// LogPath is the folder of the embedded log.
func (d Dir) LogPath() string { return d.Path("log") }

// ArchivePath is the folder of the log's archive.
func (d Dir) ArchivePath() string { return d.Path("archive") }

// SnapshotsPath is the folder of the aggregates' snapshots.
func (d Dir) SnapshotsPath() string { return d.Path("snapshots") }

// PipelinesPath is the folder of the pipelines' states.
func (d Dir) PipelinesPath() string { return d.Path("pipelines") }

// Exists reports whether the directory has been made.
func (d Dir) Exists() bool {
	_, err := os.Stat(d.Path("format.json"))
	return err == nil
}

// Check reports why this is no data directory that can be used: it does not
// exist (ErrNone), or a *UnmarkedError, a *NoteError or another format is in the
// way.
func (d Dir) Check() error {
	var f format
	err := d.read("format.json", &f)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		if part := d.part(); part != "" && !d.Exists() { // else it has been made just now
			return &UnmarkedError{d.path, part}
		}
		return fmt.Errorf("%s: %w", d.path, ErrNone)
	case err != nil:
		return err
	case f.Version == 0:
		return &NoteError{d.Path("format.json"), errors.New("it names no format")}
	case f.Version != Format:
		return &FormatError{d.path, f.Version}
	}
	return nil
}

// part is something that only a data directory has, or empty.
func (d Dir) part() string {
	for _, name := range []string{"store.json", "catalog.json", "log/jetstream", "archive/archive.lock", "pipelines"} {
		if _, err := os.Stat(d.Path(name)); err == nil {
			return name
		}
	}
	return ""
}

// Acquire makes the directory if it is not there, and takes it for this
// process. The error is *InUseError if another has it, *OwnerError if it is another
// user's. release gives it back.
func (d Dir) Acquire() (release func() error, err error) {
	if err := d.make(); err != nil {
		return nil, err
	}
	if err := d.own(); err != nil {
		return nil, err
	}
	lock := flock.New(d.Path("lock"))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the data directory %s: %w", d.path, err)
	}
	if !ok {
		return nil, d.Taken()
	}
	if err := d.unpublish(); err != nil { // left by a process that was killed
		return nil, errors.Join(err, lock.Unlock())
	}
	return func() error { return errors.Join(d.unpublish(), lock.Unlock()) }, nil
}

// own reports why what this process wrote would be in its owner's way. A directory that a
// process has is asked, not written to.
func (d Dir) own() error {
	if used, err := d.InUse(); used || err != nil {
		return nil // Acquire says more
	}
	info, err := os.Stat(d.Path("format.json"))
	if err != nil {
		return fmt.Errorf("looking whose the data directory is: %w", err)
	}
	if uid, gid, others := othersFile(info); others {
		return &OwnerError{d.path, uid, gid}
	}
	return nil
}

// InUse reports whether a process has the directory. It changes nothing.
func (d Dir) InUse() (bool, error) {
	if _, err := os.Stat(d.Path("lock")); err != nil {
		return false, nil // nobody has ever had it
	}
	lock := flock.New(d.Path("lock"))
	free, err := lock.TryRLock()
	if err != nil {
		return false, fmt.Errorf("looking at the lock of the data directory %s: %w", d.path, err)
	}
	if !free {
		return true, nil
	}
	return false, lock.Unlock()
}

func (d Dir) make() error {
	if err := d.Check(); !errors.Is(err, ErrNone) {
		return err
	}
	if d.foreign() {
		return fmt.Errorf("%s is a folder with other content: name an empty or a new folder with --data", d.path)
	}
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return fmt.Errorf("making the data directory: %w", err)
	}
	return d.write("format.json", format{Format})
}

// foreign reports whether the folder has content that is not ours. What a crash
// while making a directory leaves is ours, and so is all of it if another
// process has made the directory just now.
func (d Dir) foreign() bool {
	entries, _ := os.ReadDir(d.path)
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), newPrefix) {
			return !d.Exists()
		}
	}
	return false
}

// CheckStore reports whether s is the log of this directory. A directory keeps
// the log that it began with: another one is an error.
func (d Dir) CheckStore(s config.Store) error {
	kept, err := d.Store()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && (kept.URL != s.URL || kept.Prefix != s.Prefix || kept.Stream != s.Stream) {
		err = fmt.Errorf("the data directory %s belongs to the log %s; this is the log %s: name another folder with --data", d.path, logName(kept), logName(s))
	}
	return err
}

// SetStore notes where the log is, once it has been opened.
func (d Dir) SetStore(s config.Store) error {
	if err := d.CheckStore(s); err != nil {
		return err
	}
	if kept, err := d.Store(); err == nil && sameStore(kept, s) {
		return nil
	}
	return d.write("store.json", s)
}

// sameStore compares all but the place in the YAML, which is not kept.
func sameStore(a, b config.Store) bool {
	a.At, b.At = config.At{}, config.At{}
	return reflect.DeepEqual(a, b)
}

func logName(s config.Store) string {
	where := "embedded"
	if s.URL != "" {
		where = "at " + s.URL
	}
	if s.Stream != "" {
		where += ", stream " + s.Stream
	}
	return fmt.Sprintf("%s, prefix %q", where, s.Prefix)
}

// Store returns what SetStore noted.
func (d Dir) Store() (s config.Store, err error) { return s, d.read("store.json", &s) }

// SetCatalog notes the event types that a configuration declares, for commands
// that read the log without it.
func (d Dir) SetCatalog(types []config.EventType) error {
	return d.write("catalog.json", types)
}

// Catalog returns what SetCatalog noted; none if it never was called.
func (d Dir) Catalog() (types []config.EventType, err error) {
	if err = d.read("catalog.json", &types); errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return types, err
}

// Taken is the error of who finds the directory in use.
func (d Dir) Taken() *InUseError {
	var e Endpoint
	_ = d.read("engine.json", &e) // of a command there is none, and of an engine that begins not yet
	return &InUseError{d.path, e.PID}
}

// Publish notes how to reach this process, which must have acquired the
// directory.
func (d Dir) Publish(e Endpoint) error { return d.write("engine.json", e) }

func (d Dir) unpublish() error {
	if err := os.Remove(d.Path("engine.json")); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Endpoint returns how to reach the process that has the directory.
func (d Dir) Endpoint() (e Endpoint, err error) {
	if err := d.read("engine.json", &e); err != nil {
		return e, fmt.Errorf("%w, and it is not an engine that can be asked", &InUseError{Path: d.path})
	}
	return e, nil
}

func (d Dir) read(name string, v any) error {
	text, err := os.ReadFile(d.Path(name))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return &NoteError{d.Path(name), err}
	}
	return nil
}

func (d Dir) write(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return WriteFile(d.Path(name), append(text, '\n'))
}

// WriteFile writes a file whole or not at all, readable by its owner only. It is on
// disk when WriteFile returns.
func WriteFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), newPrefix+"*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(f.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder has what has been renamed in a folder be there after a power cut.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
