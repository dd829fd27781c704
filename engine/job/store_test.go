package job_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/engine/job"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, path string) *job.Store {
	t.Helper()
	s, err := job.Open(path)
	must(t, err)
	return s
}

func submit(t testing.TB, s *job.Store, pipeline string) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	must(t, s.Submit(job.Job{ID: id, Request: job.Request{Pipeline: pipeline}, Why: job.Replay, Submitted: time.Unix(1, 0).UTC()}))
	return id
}

// Invariants 1 and 2: whatever happens to jobs, in whatever order, the next process
// finds all of it, in the order of submission, and what ran is queued.
func TestTheNextProcessFindsEveryStep(t *testing.T) {
	m := job.NewMachine()
	rapid.Check(t, func(rt *rapid.T) {
		path := filepath.Join(t.TempDir(), "jobs.json")
		s := open(t, path)
		want := map[uuid.UUID]job.State{}
		var order []uuid.UUID
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			in := rapid.SampledFrom(append(m.Inputs(), "submit", "reopen")).Draw(rt, "input")
			switch in {
			case "submit":
				id := submit(t, s, "p")
				order, want[id] = append(order, id), job.Queued
				continue
			case "reopen":
				s = open(t, path)
				for id, state := range want {
					want[id] = m.Output(state)
				}
				continue
			}
			if len(order) == 0 {
				continue
			}
			id := rapid.SampledFrom(order).Draw(rt, "job")
			to, _, no := m.Step(want[id], in)
			got, err := s.Step(id, in, func(j *job.Job) { j.Position++ })
			var refused *job.RefusedError
			if (no != nil) != (err != nil) || err != nil && (!errors.As(err, &refused) || refused.State != want[id]) {
				rt.Fatalf("%s in %s: %v", in, want[id], err)
			}
			if err == nil {
				want[id] = to
			}
			if got.State != want[id] {
				rt.Fatalf("%s has led to %s, want %s", in, got.State, want[id])
			}
		}
		found := open(t, path).All()
		for i, j := range found {
			if j.ID != order[i] || j.State != m.Output(want[j.ID]) {
				rt.Fatalf("job %d is %+v, want %s, %s", i, j, order[i], m.Output(want[order[i]]))
			}
		}
		if len(found) != len(order) {
			rt.Fatalf("%d jobs, want %d", len(found), len(order))
		}
	})
}

// Invariant 3.
func TestTheOldestThatHaveEndedGo(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "jobs.json"))
	waits := submit(t, s, "waits")
	var last uuid.UUID
	for range 120 {
		last = submit(t, s, "p")
		_, err := s.Step(last, job.Cancel, nil)
		must(t, err)
	}
	all := s.All()
	if len(all) != 101 || all[0].ID != waits || all[100].ID != last {
		t.Errorf("%d jobs, the first %+v, the last %+v", len(all), all[0], all[len(all)-1])
	}
}

func TestAQueueIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.json")
	var jobs []string
	for i := range 1000 {
		jobs = append(jobs, fmt.Sprintf(`{"id":"00000000-0000-7000-8000-%012x","pipeline":"p","state":"queued"}`, i+1))
	}
	must(t, os.WriteFile(path, []byte(`{"format":1,"jobs":[`+strings.Join(jobs, ",")+`]}`), 0o600))
	var full *job.FullError
	if err := open(t, path).Submit(job.Job{ID: uuid.New()}); !errors.As(err, &full) || full.Jobs != 1000 {
		t.Errorf("error %v", err)
	}
}

func TestAFileThatIsNotWhatWasWritten(t *testing.T) {
	const id = "01900000-0000-7000-8000-000000000001"
	for text, want := range map[string]string{
		"":             "unexpected end of JSON input",
		`{"format":2}`: "it has format 2, and this version of the program reads 1",
		`{"format":1,"jobs":[{"pipeline":"p","state":"queued"}]}`:                                                                   "job 0 has no id of its own",
		`{"format":1,"jobs":[{"id":"` + id + `","state":"queued"}]}`:                                                                "is of no pipeline",
		`{"format":1,"jobs":[{"id":"` + id + `","pipeline":"p","state":"lost"}]}`:                                                   `is "lost", which is no state`,
		`{"format":1,"jobs":[{"id":"` + id + `","pipeline":"p","state":"done"},{"id":"` + id + `","pipeline":"p","state":"done"}]}`: "job 1 has no id of its own",
	} {
		path := filepath.Join(t.TempDir(), "jobs.json")
		must(t, os.WriteFile(path, []byte(text), 0o600))
		var damage *job.DamageError
		_, err := job.Open(path)
		if !errors.As(err, &damage) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) || !strings.HasSuffix(err.Error(), "no read model is") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTheMachinesTable(t *testing.T) {
	m := job.NewMachine()
	if got := m.Unreachable(); len(got) != 0 {
		t.Errorf("unreachable: %v", got)
	}
	for _, s := range m.States() {
		if left := m.Output(s); m.Output(left) != left || left == job.Running {
			t.Errorf("of %s the next process finds %s", s, left)
		}
		for _, in := range m.Inputs() {
			to, _, err := m.Step(s, in)
			if s.Ended() && err == nil && to != s {
				t.Errorf("%s, which has ended, becomes %s by %s", s, to, in)
			}
			if asked := in == job.Pause || in == job.Resume || in == job.Cancel; asked && err != nil && !strings.Contains(err.Error(), " ") {
				t.Errorf("%s in %s is refused without a reason: %v", in, s, err)
			}
		}
	}
}

func TestProgress(t *testing.T) {
	j := job.Job{State: job.Running, Target: 1000}
	j.Progress(100, 400, 3*time.Second)
	if j.Position != 400 || j.EventsPerSecond != 100 || j.ETA != 6 {
		t.Errorf("%+v", j)
	}
	j.Progress(100, 100, 0)
	if j.EventsPerSecond != 0 || j.ETA != 0 {
		t.Errorf("before the first event: %+v", j)
	}
	j.State = job.Paused
	j.Progress(100, 400, time.Second)
	if j.ETA != 0 {
		t.Errorf("nobody works it, and it takes %f s", j.ETA)
	}
}

// FuzzParse: what is read of a file is written and read again as the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"format":1,"jobs":[{"id":"01900000-0000-7000-8000-000000000001","pipeline":"p","state":"running","position":7}]}`))
	f.Add([]byte(`{"format":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := job.Parse(text)
		if err != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "jobs.json")
		must(t, os.WriteFile(path, text, 0o600))
		again, err := job.Read(path)
		must(t, err)
		if d := cmp.Diff(list, again); d != "" {
			t.Error(d)
		}
	})
}
