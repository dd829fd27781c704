package vfs

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
)

// ErrCrashed is the error of every operation once a Mem has run out of
// operations, until Crash.
var ErrCrashed = errors.New("the machine has crashed")

func errCrashed() error {
	return &fs.PathError{Op: "use", Path: "the directory", Err: ErrCrashed}
}

// Mem is a directory in memory that can crash. Only one may use it at a time,
// as on a machine: files opened before a crash are dead after it.
type Mem struct {
	mu      sync.Mutex
	names   map[string]*memData // as seen now
	durable map[string]*memData // as of the last Sync
	left    int                 // operations until it stops; negative: never
	life    int                 // grows with each crash
}

// memData is a file's bytes: those that are synced, and writes since.
type memData struct {
	bytes  []byte
	synced int
}

// NewMem returns an empty directory.
func NewMem() *Mem {
	return &Mem{names: map[string]*memData{}, durable: map[string]*memData{}, left: -1}
}

// StopAt makes the n-th operation from now that changes something, and all
// later ones, fail with ErrCrashed. If it is a write, half of it is done.
func (m *Mem) StopAt(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left = n
}

// Stopped reports whether an operation was refused since StopAt.
func (m *Mem) Stopped() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.left == 0
}

// Crash loses what a power cut may lose: of each file any suffix of what was
// not synced, and within the rest of that any bytes; of the names any that were
// not synced. The directory works again.
func (m *Mem) Crash(rng *rand.Rand) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left, m.life = -1, m.life+1
	after := maps.Clone(m.durable)
	for _, name := range m.changedNames() {
		if rng.IntN(2) == 0 {
			continue
		}
		if data, exists := m.names[name]; exists {
			after[name] = data
		} else {
			delete(after, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		after[name] = after[name].torn(rng)
	}
	m.names, m.durable = after, maps.Clone(after)
}

// changedNames lists the names that the last Sync did not cover, sorted.
func (m *Mem) changedNames() []string {
	changed := map[string]bool{}
	for name, data := range m.names {
		changed[name] = m.durable[name] != data
	}
	for name, data := range m.durable {
		changed[name] = m.names[name] != data
	}
	maps.DeleteFunc(changed, func(_ string, is bool) bool { return !is })
	return slices.Sorted(maps.Keys(changed))
}

// torn returns what a crash leaves of a file. Every other time that is its full
// length: what was written last may be there, and what was written before not.
func (d *memData) torn(rng *rand.Rand) *memData {
	unsynced := len(d.bytes) - d.synced
	if rng.IntN(2) == 0 {
		unsynced = rng.IntN(unsynced + 1)
	}
	kept := slices.Clone(d.bytes[:d.synced+unsynced])
	const sector = 64
	for at := d.synced; at < len(kept); at += sector {
		if rng.IntN(8) == 0 {
			clear(kept[at:min(at+sector, len(kept))])
		}
	}
	return &memData{bytes: kept, synced: len(kept)}
}

// Kill is the end of the process, not of the machine: files opened before are
// dead, nothing else is lost.
func (m *Mem) Kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left, m.life = -1, m.life+1
}

// change counts an operation that changes something.
func (m *Mem) change() error {
	if m.left > 0 {
		m.left--
	}
	if m.left == 0 {
		return errCrashed()
	}
	return nil
}

func (m *Mem) file(name string) (*memData, error) {
	data, ok := m.names[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return data, nil
}

// Lock implements FS; whoever asks gets it.
func (m *Mem) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

// Create implements FS.
func (m *Mem) Create(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.change(); err != nil {
		return nil, err
	}
	m.names[name] = &memData{}
	return &memFile{m, m.names[name], m.life}, nil
}

// Append implements FS.
func (m *Mem) Append(name string) (File, error) { return m.Open(name) }

// Open implements FS.
func (m *Mem) Open(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, err := m.file(name)
	if err != nil {
		return nil, err
	}
	return &memFile{m, data, m.life}, nil
}

// Rename implements FS.
func (m *Mem) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, err := m.file(from)
	if err == nil {
		err = m.change()
	}
	if err != nil {
		return err
	}
	delete(m.names, from)
	m.names[to] = data
	return nil
}

// Remove implements FS.
func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.file(name)
	if err == nil {
		err = m.change()
	}
	if err != nil {
		return err
	}
	delete(m.names, name)
	return nil
}

// Truncate implements FS.
func (m *Mem) Truncate(name string, size int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, err := m.file(name)
	if err == nil {
		err = m.change()
	}
	if err != nil {
		return err
	}
	data.bytes = data.bytes[:size:size]
	data.synced = len(data.bytes)
	return nil
}

// List implements FS.
func (m *Mem) List() ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.names)), nil
}

// Sync implements FS.
func (m *Mem) Sync() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.change(); err != nil {
		return err
	}
	m.durable = maps.Clone(m.names)
	return nil
}

// memFile is an open file of a Mem.
type memFile struct {
	m    *Mem
	data *memData
	life int
}

func (f *memFile) alive() error {
	if f.life != f.m.life {
		return errCrashed()
	}
	return nil
}

func (f *memFile) ReadAt(p []byte, at int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.alive(); err != nil {
		return 0, err
	}
	if at >= int64(len(f.data.bytes)) {
		return 0, io.EOF
	}
	n := copy(p, f.data.bytes[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Write(p []byte) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.alive(); err != nil {
		return 0, err
	}
	first := f.m.left == 1
	if err := f.m.change(); err != nil {
		if first {
			f.data.bytes = append(f.data.bytes, p[:len(p)/2]...)
		}
		return 0, err
	}
	f.data.bytes = append(f.data.bytes, p...)
	return len(p), nil
}

func (f *memFile) Sync() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.alive(); err != nil {
		return err
	}
	if err := f.m.change(); err != nil {
		return err
	}
	f.data.synced = len(f.data.bytes)
	return nil
}

func (f *memFile) Size() (int64, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return int64(len(f.data.bytes)), f.alive()
}

func (f *memFile) Close() error { return nil }
