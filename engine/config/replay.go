package config

// Replay says how an engine works replay jobs.
type Replay struct {
	At `yaml:"-"`
	// Jobs is how many run at a time; 0 means one.
	Jobs int `yaml:"jobs" json:"jobs,omitempty"`
	// Rate bounds the events that a job folds a second; 0 means no bound.
	Rate int `yaml:"rate" json:"rate,omitempty"`
}

const (
	maxReplayJobs = 64
	maxReplayRate = 1_000_000_000
)

func (r *rules) replay(p *Replay) {
	if p.Sets("jobs") && (p.Jobs < 1 || p.Jobs > maxReplayJobs) {
		r.fail(p.Where("jobs"), "leave it out for one at a time", "jobs must lie between 1 and %d", maxReplayJobs)
	}
	if p.Sets("rate") && (p.Rate < 1 || p.Rate > maxReplayRate) {
		r.fail(p.Where("rate"), "it is in events a second; leave it out for no bound", "rate must lie between 1 and %d", maxReplayRate)
	}
}
