package config

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"

	"gopkg.in/yaml.v3"
)

// maxAttempts is more than anybody waits for.
const maxAttempts = math.MaxInt32

// Delivery is how effects come to an executor, whatever its kind.
type Delivery struct {
	// Replay says what becomes of the effects of a replay: "execute" or "suppress".
	// Empty means execute where the executor keeps rows and position in one
	// transaction, and suppress elsewhere.
	Replay string `yaml:"replay" json:"replay,omitempty"`
	// Retry says how often to try again what may succeed later.
	Retry Retry `yaml:"retry" json:"retry,omitzero"`
	// OnError says what becomes of an effect that this executor can never perform:
	// "dead_letter" leaves out that effect, "halt" stops the pipeline. Empty leaves
	// it to the pipeline's on_error.
	OnError string `yaml:"on_error" json:"on_error,omitempty"`
}

// Retry says how often to try, and how long to wait before each new attempt: the
// first pause, doubled each time up to the longest. A zero means the default.
type Retry struct {
	At `yaml:"-" json:"-"`
	// Attempts is how often to try; 1 tries once.
	Attempts int `yaml:"attempts" json:"attempts,omitempty"`
	// First is the pause before the second attempt.
	First Duration `yaml:"first" json:"first,omitempty"`
	// Longest bounds the pauses.
	Longest Duration `yaml:"longest" json:"longest,omitempty"`
}

// Duration is written as a number with a unit, such as 250ms or 1m30s.
type Duration time.Duration

// Std is the duration as the standard library has it.
func (v Duration) Std() time.Duration { return time.Duration(v) }

func (v *Duration) decodeNode(d *decoder, n *yaml.Node) {
	parsed, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		d.fail(n, "write a number with a unit: 250ms, 10s, 1m30s", "expected a duration, found %s", kindOf(n))
		return
	}
	*v = Duration(parsed)
}

var (
	policies = []string{"quarantine", "dead_letter", "halt"}
	changes  = []string{"rebuild", "continue", "refuse"}
	outcomes = []string{"dead_letter", "halt"}
	modes    = []string{"execute", "suppress"}
)

// oneOf refuses what is given and not among the names.
func (r *rules) oneOf(at Pos, what, value string, names []string) {
	if value != "" && !slices.Contains(names, value) {
		r.fail(at, Closest(value, names), "unknown %s %q", what, value)
	}
}

func (r *rules) delivery(e *Executor) {
	r.oneOf(e.Where("replay"), "replay", e.Replay, modes)
	r.oneOf(e.Where("on_error"), "on_error", e.OnError, outcomes)
	t := &e.Retry
	if t.outside("attempts", int64(t.Attempts), maxAttempts) {
		r.fail(t.Where("attempts"), "1 tries once", "attempts must lie between 1 and %d", maxAttempts)
	}
	if t.First < 0 {
		r.fail(t.Where("first"), "", "first must not be negative")
	}
	if t.Longest < 0 || t.Longest > 0 && t.Longest < t.First {
		r.fail(t.Where("longest"), "leave it out for the default", "longest must be at least first")
	}
}

// bare refuses what belongs beside the outermost filter.
func (r *rules) bare(e *Executor) {
	for _, key := range embeddedKeys(reflect.TypeFor[Delivery]()) {
		if e.Sets(key) {
			r.fail(e.Where(key), fmt.Sprintf("put it beside the filter: `- filter: {…}` and `%s:` below it", key),
				"%s is about the whole chain of filters", key)
		}
	}
}

func embeddedKeys(t reflect.Type) (keys []string) {
	for i := range t.NumField() {
		keys = append(keys, t.Field(i).Tag.Get("yaml"))
	}
	return keys
}
