package plugintest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/runtime/projection"
)

// Result is what became of a case.
type Result struct {
	Name string
	// Pos is the case's place in its file.
	Pos config.Pos
	// Failures are empty for a case that passed.
	Failures []Failure
	Elapsed  time.Duration

	got *got
}

// Failure is one difference between what a case expects and what it got.
type Failure struct {
	// What is the part of `then:`, such as "effects", or the name of a law.
	What string
	Pos  config.Pos
	// Text says how it differs, on several lines.
	Text string
}

// Passed reports whether the case got what it expects.
func (r *Result) Passed() bool { return len(r.Failures) == 0 }

func (r *Result) fail(what string, pos config.Pos, text string) {
	r.Failures = append(r.Failures, Failure{what, pos, strings.TrimSuffix(text, "\n")})
}

// Run runs all cases. The error is config.Errors where the cases are none for this
// projection. What a projection does wrong is a failure, never an error.
func (s *Suite) Run(ctx context.Context, p *projection.Projection) ([]Result, error) {
	if errs := s.fits(p); len(errs) > 0 {
		return nil, errs
	}
	results := make([]Result, len(s.Cases))
	for i := range s.Cases {
		c := &s.Cases[i]
		start := time.Now()
		results[i] = Result{Name: c.Name, Pos: c.Where("")}
		if err := s.run(ctx, p, c, &results[i]); err != nil {
			return nil, fmt.Errorf("%s: case %q: %w", c.Where(""), c.Name, err)
		}
		results[i].Elapsed = time.Since(start)
	}
	return results, nil
}

// Recorded are a case's events: those of given, then those of when.
func (c *Case) Recorded() (given, when []event.Recorded) {
	var s events
	for i := range c.Given.Events {
		given = append(given, s.add(&c.Given.Events[i]))
	}
	for i := range c.When {
		when = append(when, s.add(&c.When[i]))
	}
	return given, when
}

func (s *Suite) run(ctx context.Context, p *projection.Projection, c *Case, result *Result) error {
	given, when := c.Recorded()
	log := projection.Log{States: map[string][]byte{}}
	for _, m := range c.Given.State {
		log.States[keyOf(p, m.Name)] = bytesOf([]byte(m.Value))
	}
	if len(given) > 0 {
		log.Batches = []int{len(given)}
	}
	log.Events, log.Batches = append(given, when...), append(log.Batches, c.Batches...)
	var err error
	if result.got, err = fold(ctx, p, c, log, len(given)); err != nil {
		return err
	}
	if text := result.got.given; text != "" {
		result.fail("given", c.Where("given"), text)
		return nil
	}
	c.compare(p, result)
	ctx = context.WithValue(ctx, again{}, true)
	if err := c.laws(ctx, p, log, result); err != nil || c.Repeat == 0 {
		return err
	}
	breach, err := p.Growth(ctx, log.Events, c.Repeat)
	if breach != "" {
		result.fail("limits", c.Where("repeat"), breach)
	}
	return err
}

// fold runs a log whose first events are given.
func fold(ctx context.Context, p *projection.Projection, c *Case, log projection.Log, given int) (_ *got, err error) {
	r, err := p.Start(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close(ctx)) }()
	for key, state := range log.States {
		r.Give(key, state)
	}
	if err := r.Fold(ctx, log.Events[:given]); err != nil {
		return nil, err
	}
	before, err := r.Outcome(ctx)
	if err != nil {
		return nil, err
	}
	if len(before.Poison) > 0 {
		poison := &before.Poison[0]
		return &got{given: fmt.Sprintf("event %d of given is %s", poison.Position, poison)}, nil
	}
	r.Forget()
	if err := r.FoldBatches(ctx, log.Events[given:], c.Batches); err != nil {
		return nil, err
	}
	out, err := r.Outcome(ctx)
	if err != nil {
		return nil, err
	}
	g := gotOf(p, out, log.Events[given:])
	if c.Then != nil {
		g.answers, err = answers(ctx, r, c.Then.Answers)
	}
	return g, err
}

// again marks a context.
type again struct{}

// Again reports whether the events that are folded in a context have been folded
// before, in the same case: what a projection logs of them is no news.
func Again(ctx context.Context) bool { return ctx.Value(again{}) != nil }

// laws holds the laws with the events of a case.
func (c *Case) laws(ctx context.Context, p *projection.Projection, log projection.Log, result *Result) error {
	single := log
	single.Batches = nil
	for range log.Events {
		single.Batches = append(single.Batches, 1)
	}
	trials := []*projection.Trial{p.Try(log), p.Try(single)}
	for _, law := range projection.Laws() {
		if law.Name == "totality" || law.Name == "limits" { // what fails is in the outcome
			continue
		}
		for _, trial := range trials {
			breach, err := law.Check(ctx, trial)
			if err != nil {
				return err
			}
			if breach != "" {
				result.fail(law.Name, c.Where(""), fmt.Sprintf("%s, but:\n%s", law.Says, breach))
				break
			}
		}
	}
	return nil
}

// fits says what of the cases is none for a projection.
func (s *Suite) fits(p *projection.Projection) config.Errors {
	var m mistakes
	for i := range s.Cases {
		c := &s.Cases[i]
		m.types(p, c.Given.Events)
		m.types(p, c.When)
		m.kinds(p, c)
	}
	return m.errs.Sorted()
}

// types refuses events that the projection does not want: in a case they are
// mistakes in writing.
func (m *mistakes) types(p *projection.Projection, list []Event) {
	wanted := p.Manifest().Events
	for i := range list {
		e := &list[i]
		known := len(wanted) == 0
		for _, name := range wanted {
			known = known || name == e.Type
		}
		if !known {
			m.at(e.Where("type"), config.Closest(e.Type, wanted), "%s does not want events of the type %q", p.Manifest().Name, e.Type)
		}
	}
}

// kinds refuses what projections of this kind of state do not have.
func (m *mistakes) kinds(p *projection.Projection, c *Case) {
	name, kind := p.Manifest().Name, p.Manifest().State
	if c.Given.State != nil && kind != "keyed" {
		m.at(c.Given.Where("state"), "give the events that lead to it", "%s is %s: a state can be given to a keyed projection only", name, kind)
	}
	if c.Then == nil {
		return
	}
	state, answers := c.Then.State, c.Then.Answers
	switch {
	case state == nil:
	case kind == "stateless":
		m.at(c.Then.Where("state"), "remove it", "%s is stateless", name)
	case kind == "resident" && !p.Module().CanQuery():
		m.at(c.Then.Where("state"), "export refold_query, or remove it", "%s does not answer queries, so nobody sees its state", name)
	case kind == "keyed" && state.Members == nil:
		m.at(c.Then.Where("state"), "write `key: state`, one a line", "%s is keyed: it has a state for each key", name)
	}
	if answers != nil && (kind != "resident" || !p.Module().CanQuery()) {
		m.at(c.Then.Where("answers"), "remove it", "%s answers no queries", name)
	}
}
