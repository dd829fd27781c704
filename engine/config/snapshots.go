package config

import "cmp"

// Snapshots says which copies of a pipeline's state are made, for its states of former
// times to be told without folding all of the log. There are fewer, but never more.
type Snapshots struct {
	At `yaml:"-" json:"-"`
	// Every is the least number of events between two; 0 means the default.
	Every int `yaml:"every" json:"every,omitempty"`
	// Keep bounds how many there are, of all generations; nil means the default, and 0
	// none.
	Keep *int `yaml:"keep" json:"keep,omitempty"`
	// MaxSize bounds what they take on disk; 0 means the default.
	MaxSize Size `yaml:"max_size" json:"max_size,omitempty"`
}

const (
	defaultSnapshots      = 32
	defaultSnapshotsEvery = 10_000
	defaultSnapshotsSize  = Size(1 << 30)
	maxSnapshots          = 10_000
	minSnapshotsEvery     = 100
	minSnapshotsSize      = Size(1 << 20)
)

// Kept bounds how many there are.
func (s *Snapshots) Kept() int {
	if s.Keep == nil {
		return defaultSnapshots
	}
	return *s.Keep
}

// Between is the least number of events between two.
func (s *Snapshots) Between() int { return cmp.Or(s.Every, defaultSnapshotsEvery) }

// Size bounds what they take, in bytes.
func (s *Snapshots) Size() int64 { return int64(cmp.Or(s.MaxSize, defaultSnapshotsSize)) }

func (r *rules) snapshots(s *Snapshots) {
	if s.Sets("every") && s.Every < minSnapshotsEvery {
		r.fail(s.Where("every"), "it is in events; leave it out for the default", "every must be at least %d", minSnapshotsEvery)
	}
	if s.Kept() < 0 || s.Kept() > maxSnapshots {
		r.fail(s.Where("keep"), "0 keeps none", "keep must lie between 0 and %d", maxSnapshots)
	}
	if s.Sets("max_size") && s.MaxSize < minSnapshotsSize {
		r.fail(s.Where("max_size"), "leave it out for 1GiB", "max_size must be at least 1MiB")
	}
}
