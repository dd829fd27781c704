package engine

import (
	"errors"
	"os"
	"slices"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/engine/job"
)

// KeptJobs are the replay jobs of a folder of states that no engine runs.
type KeptJobs struct {
	dir   string
	store *job.Store
}

// OpenKeptJobs opens the jobs of a folder of states.
func OpenKeptJobs(dir string) (*KeptJobs, error) {
	store, err := job.Open(JobsPath(dir))
	return &KeptJobs{dir, store}, err
}

// All is as Engine.Jobs.
func (k *KeptJobs) All() ([]job.Job, error) {
	list := k.store.All()
	var errs []error
	for i := range list {
		errs = append(errs, k.locate(&list[i]))
	}
	return list, errors.Join(errs...)
}

// locate finds out how far a job has come, of which the record knows only how far it
// had when its state changed.
func (k *KeptJobs) locate(one *job.Job) error {
	path := statePath(k.dir, one.Pipeline)
	if _, err := os.Stat(path); err != nil || one.State.Ended() || one.Generation == 0 {
		return nil
	}
	store, err := checkpoint.Open(path)
	if err != nil {
		return nil // it is where the record says, for all that is known
	}
	all, err := store.All()
	if slices.Contains(all, one.Generation) {
		var kept *checkpoint.Generation
		if kept, err = store.Generation(one.Generation); err == nil {
			one.Position = kept.Mark().Position
		}
	}
	return errors.Join(err, store.Close())
}

// Pause is as Engine.PauseJob.
func (k *KeptJobs) Pause(id uuid.UUID) (job.Job, error) { return k.step(id, job.Pause) }

// Resume has the next engine go on with a job.
func (k *KeptJobs) Resume(id uuid.UUID) (job.Job, error) { return k.step(id, job.Resume) }

// Forget cancels a job whose pipeline is not there any more, nor what it has built.
func (k *KeptJobs) Forget(id uuid.UUID) (job.Job, error) { return k.step(id, job.Cancel) }

func (k *KeptJobs) step(id uuid.UUID, in job.Input) (job.Job, error) {
	one, err := k.store.Step(id, in, nil)
	return one, errors.Join(err, k.locate(&one))
}
