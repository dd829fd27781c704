package config

// Queries has an executor answer Query effects, from its own tables, and bounds what
// an answer costs. A zero means the default.
type Queries struct {
	At `yaml:"-" json:"-"`
	// Timeout is how long an answer may take.
	Timeout Duration `yaml:"timeout" json:"timeout,omitempty"`
	// MaxRows and MaxBytes are how many an answer may have.
	MaxRows  int `yaml:"max_rows" json:"max_rows,omitempty"`
	MaxBytes int `yaml:"max_bytes" json:"max_bytes,omitempty"`
}

// maxAnswerBytes leaves room in an event for the query.
const maxAnswerBytes = 7 << 20

func (r *rules) queries(q *Queries) {
	if q == nil {
		return
	}
	if q.Sets("timeout") && q.Timeout <= 0 {
		r.fail(q.Where("timeout"), "leave it out for the default", "timeout must be more than nothing")
	}
	if q.Sets("max_rows") && q.MaxRows < 1 {
		r.fail(q.Where("max_rows"), "leave it out for the default", "max_rows must be at least 1")
	}
	if q.Sets("max_bytes") && (q.MaxBytes < 2 || q.MaxBytes > maxAnswerBytes) {
		r.fail(q.Where("max_bytes"), "an answer becomes an event of the log", "max_bytes must lie between 2 and %d", maxAnswerBytes)
	}
}
