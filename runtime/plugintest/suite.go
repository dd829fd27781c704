package plugintest

import (
	"fmt"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"

	"github.com/refold-dev/refold/engine/config"
)

// Suite is a file of cases.
type Suite struct {
	config.At `yaml:"-"`
	// Module is the path of the projection's module; absolute once loaded, relative
	// to the file's folder before. It may be empty, if somebody else names one.
	Module string `yaml:"module"`
	// Key is the payload field that the pipeline keys the projection by; empty means
	// the manifest's.
	Key string `yaml:"key"`
	// FuelPerEvent is what an event may cost; 0 leaves it to whoever loads the module.
	FuelPerEvent int64  `yaml:"fuel_per_event"`
	Cases        []Case `yaml:"cases"`

	file string
	text []byte
	doc  *yaml.Node
}

// Case is one example of what the projection does.
type Case struct {
	config.At `yaml:"-"`
	Name      string  `yaml:"name"`
	Given     Given   `yaml:"given"`
	When      []Event `yaml:"when"`
	// Batches are the sizes of the batches that the events of When are folded in;
	// what they leave over, or all, is one batch.
	Batches []int `yaml:"batches"`
	// Repeat is after how many events, the same ones over and over, memory is looked
	// at, until it has settled; 0 does not look.
	Repeat int `yaml:"repeat"`
	// Then is what is expected; without it only the laws are, and that nothing fails.
	Then *Then `yaml:"then"`
}

// Given is what was before.
type Given struct {
	config.At `yaml:"-"`
	// Events are folded first; their effects do not count.
	Events []Event `yaml:"events" short:"yes"`
	// State is the state by key, of a keyed projection.
	State config.Members `yaml:"state"`
}

// Event is an event as far as the case has something to say about it.
type Event struct {
	config.At `yaml:"-"`
	Type      string      `yaml:"type"`
	Data      config.JSON `yaml:"data"`
	// Aggregate is a number that stands for an aggregate; 1 if it is not given.
	Aggregate     int    `yaml:"aggregate"`
	AggregateType string `yaml:"aggregate_type"`
	AggregateID   string `yaml:"aggregate_id"`
	// Stream is the aggregate, by the name that it has elsewhere.
	Stream        string      `yaml:"stream"`
	ID            string      `yaml:"id"`
	Position      int64       `yaml:"position"`
	Version       int64       `yaml:"version"`
	Time          string      `yaml:"time"`
	SchemaVersion int         `yaml:"schema_version"`
	CorrelationID string      `yaml:"correlation_id"`
	CausationID   string      `yaml:"causation_id"`
	Metadata      config.JSON `yaml:"metadata"`
}

// Then is what is expected. What is not given is not looked at, but for events
// that are rejected or fail: these are expected to be those that are given.
type Then struct {
	config.At `yaml:"-"`
	// State is all that a keyed projection keeps, by key, or what a resident one
	// answers to the empty query.
	State    *config.Value  `yaml:"state"`
	Answers  config.Members `yaml:"answers"` // by query, of a resident projection
	Effects  *[]Effect      `yaml:"effects"`
	Rejected []Verdict      `yaml:"rejected"`
	Failed   []Verdict      `yaml:"failed"`
}

// Effect is an effect; one of the kinds is given, with what belongs to it.
type Effect struct {
	config.At  `yaml:"-"`
	Insert     *string      `yaml:"insert"` // table
	Update     *string      `yaml:"update"` // table
	Delete     *string      `yaml:"delete"` // table
	Query      *string      `yaml:"query"`
	Log        *string      `yaml:"log"`        // message
	EmitEvent  *string      `yaml:"emit_event"` // type
	Key        string       `yaml:"key"`        // of an update or delete
	Stream     string       `yaml:"stream"`     // of an emit_event; empty if it names none
	Level      string       `yaml:"level"`      // of a log
	Row        *config.JSON `yaml:"row"`        // of an insert
	Columns    *config.JSON `yaml:"columns"`    // of an update
	Parameters *config.JSON `yaml:"parameters"` // of a query
	Data       *config.JSON `yaml:"data"`       // of an emit_event
	// Cause is the event that caused it, 1 for the first of When; 0 is any.
	Cause int `yaml:"cause"`
}

// Verdict is an event that is rejected or fails.
type Verdict struct {
	config.At `yaml:"-"`
	// Reason is the whole reason of a rejection, or some of that of a failure.
	Reason string `yaml:"reason" short:"yes"`
	// Event is the event, 1 for the first of When; 0 is any.
	Event int `yaml:"event"`
}

// Load reads a file of cases. The error is config.Errors where the YAML is to
// blame.
func Load(path string) (*Suite, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the cases: %w", err)
	}
	return Parse(path, text)
}

// Parse reads the text of a file of cases.
func Parse(file string, text []byte) (*Suite, error) {
	s := &Suite{}
	doc, errs := config.Decode(file, text, s, "start with `cases:`")
	s.file, s.text, s.doc = file, text, doc
	if len(errs) == 0 {
		errs = s.validate()
	}
	if len(errs) > 0 {
		return nil, errs
	}
	if s.Module != "" && !filepath.IsAbs(s.Module) {
		s.Module = filepath.Join(filepath.Dir(file), s.Module)
	}
	return s, nil
}
