package refoldtest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/refold-dev/refold/sdk/frame"
	refold "github.com/refold-dev/refold/sdk/go"
	"github.com/refold-dev/refold/sdk/manifest"
)

// Event is an event to fold. Its position and version are those of its turn.
type Event struct {
	Type          string
	AggregateType string
	AggregateID   refold.UUID
	ID            refold.UUID
	CorrelationID refold.UUID
	CausationID   *refold.UUID
	SchemaVersion uint32 // 0 is read as 1
	Time          time.Time
	Data          string // a JSON object; empty is read as {}
	Metadata      string // a JSON object, or empty for none
}

// Effect is an effect that the projection asked for.
type Effect struct {
	Position uint64 // of its cause
	Kind     frame.EffectKind
	Level    refold.Level
	Name     string
	Key      string
	Body     string
}

// RejectedError is an event that the projection could not fold.
type RejectedError struct {
	Position uint64
	Reason   string
}

func (e *RejectedError) Error() string {
	return fmt.Sprintf("event at position %d is rejected: %s", e.Position, e.Reason)
}

// Projection is the registered projection with what it has made of the events
// so far.
type Projection struct {
	t        testing.TB
	guest    *refold.Guest
	manifest manifest.Manifest
	writer   frame.BatchWriter
	states   map[string][]byte
	effects  []Effect
	versions map[refold.UUID]uint64
	position uint64
}

// New returns the registered projection without any keyed state. The variables
// of a resident one stay as they are.
func New(t testing.TB) *Projection {
	t.Helper()
	g := refold.Registered()
	m, err := manifest.Parse(g.Describe())
	if err != nil {
		t.Fatalf("the projection describes itself wrongly: %v", err)
	}
	return &Projection{t: t, guest: g, manifest: m, states: map[string][]byte{}, versions: map[refold.UUID]uint64{}}
}

// Manifest is what the projection says about itself.
func (p *Projection) Manifest() manifest.Manifest { return p.manifest }

// Fold folds events as one batch. Event types that the projection does not want
// are passed over. The error is a *RejectedError.
func (p *Projection) Fold(events ...Event) error {
	p.t.Helper()
	b := p.batch(events)
	text, positions := p.write(b)
	batch, err := frame.OpenBatch(text)
	if err != nil {
		p.t.Fatal(err)
	}
	result, err := frame.OpenResult(p.guest.Fold(text), batch)
	if err != nil {
		p.t.Fatal(err)
	}
	if index, reason, ok := result.Rejected(); ok {
		return &RejectedError{positions[index], string(reason)}
	}
	p.keep(batch, result, positions)
	return nil
}

// keep takes over what a fold made.
func (p *Projection) keep(batch frame.Batch, result frame.Result, positions []uint64) {
	for g := range result.Groups() {
		key := string(batch.Group(g.Group).Key())
		switch g.Disposition {
		case frame.Set:
			p.states[key] = slices.Clone(g.State)
		case frame.Remove:
			delete(p.states, key)
		}
	}
	first := len(p.effects)
	for e := range result.Effects() {
		p.effects = append(p.effects, Effect{
			Position: positions[e.Cause], Kind: e.Kind, Level: refold.Level(e.Level),
			Name: string(e.Name), Key: string(e.Key), Body: string(e.Body),
		})
	}
	slices.SortStableFunc(p.effects[first:], func(a, b Effect) int { return int(a.Position) - int(b.Position) })
}

// State returns the state of a key, and whether it has one.
func (p *Projection) State(key string) (state string, ok bool) {
	b, ok := p.states[key]
	return string(b), ok
}

// Keys returns the keys that have a state, sorted.
func (p *Projection) Keys() []string { return slices.Sorted(maps.Keys(p.states)) }

// Effects returns all effects so far, in the order of their causes.
func (p *Projection) Effects() []Effect { return slices.Clone(p.effects) }

// Query asks a resident projection; an empty query asks for everything.
func (p *Projection) Query(query string) (json string, err error) {
	b, err := p.guest.Query(query)
	return string(b), err
}
