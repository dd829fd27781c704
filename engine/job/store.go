package job

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/fsm"
	"github.com/refold-dev/refold/engine/datadir"
)

const (
	// format is the layout of the file that this package reads and writes.
	format = 1
	// maxEnded and maxOpen bound the jobs that have ended and those that have not.
	maxEnded = 100
	maxOpen  = 1000
	// maxError bounds what is kept of an error, in bytes.
	maxError = 4 << 10
)

// ErrUnknown is an id that no job has.
var ErrUnknown = errors.New("there is no such job")

// FullError is a queue that takes no more.
type FullError struct{ Jobs int }

func (e *FullError) Error() string {
	return fmt.Sprintf("%d jobs have not ended: cancel some, or wait", e.Jobs)
}

// DamageError is a file of jobs that does not hold what was written to it.
type DamageError struct {
	Path string
	Err  error
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("%s is damaged: %v; if you delete it, jobs that have not ended are lost, and no read model is", e.Path, e.Err)
}

func (e *DamageError) Unwrap() error { return e.Err }

// Store is the file of an engine's jobs. It is safe for concurrent use, by one
// process.
type Store struct {
	path string
	mu   sync.Mutex
	jobs []Job // in the order of submission
}

// file is what is written.
type file struct {
	Format int   `json:"format"`
	Jobs   []Job `json:"jobs"`
}

// Open opens the file of jobs, for the process that works them, and puts those that
// were running when the last one ended back into the queue. No file is no jobs.
func Open(path string) (*Store, error) {
	list, err := Read(path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, jobs: list}
	for i := range s.jobs {
		s.jobs[i].State = machine.Output(s.jobs[i].State)
	}
	return s, nil
}

// Read reads the file of jobs, as it is.
func Read(path string) ([]Job, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the replay jobs: %w", err)
	}
	list, err := Parse(text)
	if err != nil {
		return nil, &DamageError{path, err}
	}
	return list, nil
}

// Parse reads jobs as they are written.
func Parse(text []byte) ([]Job, error) {
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, err
	}
	if f.Format != format {
		return nil, fmt.Errorf("it has format %d, and this version of the program reads %d", f.Format, format)
	}
	seen := map[uuid.UUID]bool{}
	for i := range f.Jobs {
		j := &f.Jobs[i]
		switch {
		case j.ID == uuid.Nil || seen[j.ID]:
			return nil, fmt.Errorf("job %d has no id of its own: %s", i, j.ID)
		case !slices.Contains(machine.States(), j.State):
			return nil, fmt.Errorf("job %s is %q, which is no state", j.ID, j.State)
		case j.Pipeline == "":
			return nil, fmt.Errorf("job %s is of no pipeline", j.ID)
		}
		seen[j.ID] = true
	}
	return f.Jobs, nil
}

// All returns the jobs in the order of their submission.
func (s *Store) All() []Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.jobs)
}

// Get returns a job. The error is ErrUnknown if there is none.
func (s *Store) Get(id uuid.UUID) (Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.find(id)
	if err != nil {
		return Job{}, err
	}
	return s.jobs[i], nil
}

func (s *Store) find(id uuid.UUID) (int, error) {
	i := slices.IndexFunc(s.jobs, func(j Job) bool { return j.ID == id })
	if i < 0 {
		return 0, fmt.Errorf("%s: %w", id, ErrUnknown)
	}
	return i, nil
}

// Submit puts a job behind all others.
func (s *Store) Submit(j Job) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := 0
	for i := range s.jobs {
		if !s.jobs[i].State.Ended() {
			open++
		}
	}
	if open >= maxOpen {
		return &FullError{open}
	}
	j.State = machine.Initial()
	return s.write(append(slices.Clone(s.jobs), j))
}

// Step has something happen to a job, and notes with it what change makes of it,
// which may be nil. The error is a *RefusedError if its state does not allow it.
func (s *Store) Step(id uuid.UUID, in Input, change func(*Job)) (Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.find(id)
	if err != nil {
		return Job{}, err
	}
	from := s.jobs[i].State
	to, _, err := machine.Step(from, in)
	if err != nil {
		return s.jobs[i], refused(id, from, in, err)
	}
	return s.change(i, func(j *Job) {
		j.State = to
		if change != nil {
			change(j)
		}
	})
}

// Note notes something about a job, which stays in its state.
func (s *Store) Note(id uuid.UUID, change func(*Job)) (Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.find(id)
	if err != nil {
		return Job{}, err
	}
	return s.change(i, change)
}

func (s *Store) change(i int, change func(*Job)) (Job, error) {
	next := slices.Clone(s.jobs)
	j := &next[i]
	if change(j); len(j.Error) > maxError {
		j.Error = strings.ToValidUTF8(j.Error[:maxError], "") + "…"
	}
	return *j, s.write(next)
}

// write replaces the file, less what has ended and is too much.
func (s *Store) write(next []Job) error {
	next = pruned(next)
	text, err := json.MarshalIndent(file{format, next}, "", "  ")
	if err == nil {
		err = datadir.WriteFile(s.path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("noting the replay jobs: %w", err)
	}
	s.jobs = next
	return nil
}

// pruned leaves out the oldest of the jobs that have ended, beyond maxEnded.
func pruned(list []Job) []Job {
	ended := 0
	for i := range list {
		if list[i].State.Ended() && !list[i].Kept {
			ended++
		}
	}
	return slices.DeleteFunc(list, func(j Job) bool {
		if ended <= maxEnded || !j.State.Ended() || j.Kept {
			return false
		}
		ended--
		return true
	})
}

func refused(id uuid.UUID, from State, in Input, err error) error {
	e := &RefusedError{ID: id, State: from, Input: in, Reason: "it does not take " + string(in)}
	var rule *fsm.BusinessRuleError
	if errors.As(err, &rule) {
		e.Rule, e.Reason = rule.Rule, rule.Reason
	}
	return e
}
