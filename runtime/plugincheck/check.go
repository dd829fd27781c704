package plugincheck

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/plugintest"
	"github.com/refold-dev/refold/runtime/projection"
	"github.com/refold-dev/refold/sdk/manifest"
)

// Options say how hard to look.
type Options struct {
	// Cases is how many logs each law is tried on.
	Cases int
	// GrowthLogs is on how many of them memory is watched, each of which takes as long
	// as many others; 0 is 3.
	GrowthLogs int
	// Seed is what is drawn from; 0 is 1.
	Seed uint64
	// Laws are the names of those that are tried; empty means all.
	Laws []string
}

// Imports is the law that the loader holds, before any code runs.
const Imports = "imports"

// shrinks is how many smaller logs are tried once one has broken a law. It is no
// time, so that the report is the same on any machine.
const (
	shrinks       = 100
	growthShrinks = 8
)

// growthWindow is after how many events memory is looked at, and growthLogs on how
// many logs, unless the options say so.
const (
	growthWindow = 1 << 13
	growthLogs   = 3
)

// Report says of each law whether it holds.
type Report struct {
	Laws []Verdict
	// Tried is what a part of the drawn logs came to, for a reader who wonders
	// whether they were of any use.
	Tried Tally
	// Unseen is true of a resident projection that does not answer for its state: it
	// is compared by its effects alone.
	Unseen bool
	// Growth says how a resident projection's state grows that need not; see
	// [projection.Projection.StateGrowth].
	Growth string
}

// Verdict is what became of one law.
type Verdict struct {
	Law, Says string
	// Skipped says why the law was not tried; empty if it was.
	Skipped string
	// Logs and Events are how many were tried until the law was broken, if it was.
	Logs, Events int
	// Breach says how the law is broken; empty if it holds.
	Breach string
	// Counterexample shows it; nil where the law is broken by no log.
	Counterexample *plugintest.Counterexample
}

// Holds reports whether no law is broken.
func (r *Report) Holds() bool {
	for i := range r.Laws {
		if r.Laws[i].Breach != "" {
			return false
		}
	}
	return true
}

// Counterexamples are those of all laws that are broken.
func (r *Report) Counterexamples() []plugintest.Counterexample {
	var list []plugintest.Counterexample
	for i := range r.Laws {
		if c := r.Laws[i].Counterexample; c != nil {
			list = append(list, *c)
		}
	}
	return list
}

// Refused is the report on a module that does not load.
func Refused(err *runtime.GuestError) *Report {
	r := &Report{Laws: []Verdict{{Law: Imports, Says: "nothing is imported that is not pure, and the ABI is kept", Breach: err.Error()}}}
	for _, law := range projection.Laws() {
		r.Laws = append(r.Laws, Verdict{Law: law.Name, Says: law.Says, Skipped: "the module does not load"})
	}
	return r
}

// Check tries all laws.
func Check(ctx context.Context, p *projection.Projection, v *Vocabulary, o Options) (*Report, error) {
	c := &checker{projection: p, vocabulary: v, options: o}
	r := &Report{Laws: []Verdict{{Law: Imports, Says: "nothing is imported that is not pure, and the ABI is kept"}}}
	exceeds := false
	for _, law := range projection.Laws() {
		if len(o.Laws) > 0 && !slices.Contains(o.Laws, law.Name) {
			continue
		}
		if exceeds {
			r.Laws = append(r.Laws, Verdict{Law: law.Name, Says: law.Says, Skipped: "it does not keep to its limits, which takes too long to try"})
			continue
		}
		verdict, err := c.law(ctx, law)
		if err != nil {
			return nil, err
		}
		r.Laws = append(r.Laws, verdict)
		exceeds = law.Name == "limits" && verdict.Breach != "" && verdict.Counterexample.Repeat == 0
	}
	if exceeds {
		return r, nil
	}
	return r, c.look(ctx, r)
}

// look says what else there is to say of a projection that keeps to its limits.
func (c *checker) look(ctx context.Context, r *Report) (err error) {
	if r.Tried, err = c.tally(ctx); err != nil || c.projection.Manifest().State != manifest.Resident {
		return err
	}
	r.Unseen = r.Tried.Answers == 0
	r.Growth, err = c.projection.StateGrowth(ctx, c.vocabulary.Sample(maxBatch).Events, growthWindow)
	return err
}

type checker struct {
	projection *projection.Projection
	vocabulary *Vocabulary
	options    Options
	// usual and crowds are the logs that every law is tried on: the same seed draws
	// them for each.
	usual  []*projection.Trial
	crowds []crowd
}

// keptTrials is how many of the usual logs are kept.
const keptTrials = 256

// trial is the nth usual log, which is drawn as log.
func (c *checker) trial(n int, log projection.Log) *projection.Trial {
	if n < len(c.usual) {
		return c.usual[n]
	}
	trial := c.projection.Try(log)
	if n == len(c.usual) && n < keptTrials {
		c.usual = append(c.usual, trial)
	}
	return trial
}

func (c *checker) law(ctx context.Context, law projection.Law) (Verdict, error) {
	v := Verdict{Law: law.Name, Says: law.Says, Skipped: law.Skips(c.projection)}
	if v.Skipped != "" {
		return v, nil
	}
	check := func(t *projection.Trial) (string, error) { return law.Check(ctx, t) }
	if err := c.try(&v, attempt{shape: usual, shared: true, cases: c.options.Cases, shrinks: shrinks, check: check}); err != nil || v.Breach != "" {
		return v, err
	}
	if err := c.tryCrowds(ctx, &v, check); err != nil || v.Breach != "" || law.Name != "limits" {
		return v, err
	}
	grows := func(t *projection.Trial) (string, error) {
		return c.projection.Growth(ctx, t.Log().Events, growthWindow)
	}
	return v, c.try(&v, attempt{shape: single, cases: cmp.Or(c.options.GrowthLogs, growthLogs), shrinks: growthShrinks, repeat: growthWindow, check: grows})
}

// attempt is one way to break a law: by logs of a shape.
type attempt struct {
	shape          shape
	shared         bool // every law is tried on these logs
	cases, shrinks int
	// repeat is how often a case says that its events come.
	repeat int
	check  func(*projection.Trial) (string, error)
}

// try tries a law on logs until one breaks it, and draws that smaller.
func (c *checker) try(v *Verdict, a attempt) error {
	var failure error
	drawn := 0
	said := search(c.options.Seed, min(a.cases, c.options.Cases), func(t *rapid.T) {
		log, _ := c.vocabulary.log(c.vocabulary.draw(t, a.shape))
		trial := c.projection.Try(log)
		if v.Breach != "" {
			a.shrinks--
		} else if a.shared {
			trial = c.trial(drawn, log)
		}
		drawn++
		if failure != nil || a.shrinks < 0 {
			return
		}
		var broken bool
		if broken, failure = v.broken(trial, a.repeat, a.check); broken {
			t.Fatal("the law is broken")
		}
	})
	if failure == nil && said != "" && v.Breach == "" {
		failure = fmt.Errorf("trying the law of %s: %s", v.Law, said)
	}
	return failure
}

// broken tries a law on a log, and keeps it if that breaks it.
func (v *Verdict) broken(trial *projection.Trial, repeat int, check func(*projection.Trial) (string, error)) (bool, error) {
	log := trial.Log()
	if v.Breach == "" {
		v.Logs++
		v.Events += len(log.Events)
	}
	breach, err := check(trial)
	if err != nil || breach == "" {
		return false, err
	}
	if repeat > 0 {
		log.Batches = nil
	}
	v.Breach = breach
	v.Counterexample = &plugintest.Counterexample{Name: v.Law + ": " + v.Says, Breach: breach, Log: log, Repeat: repeat}
	return true, nil
}

// Tally is what became of drawn events.
type Tally struct {
	Events, Rejected, Failed, Filtered int
	// Effects are those of the events that were folded.
	Effects int
	// Answers is how many logs led to a state that the projection answers for.
	Answers int
}

// tallied is how many logs are looked at for a tally.
const tallied = 20

func (c *checker) tally(ctx context.Context) (total Tally, err error) {
	drawn := 0
	said := search(c.options.Seed, min(tallied, c.options.Cases), func(t *rapid.T) {
		log, _ := c.vocabulary.log(c.vocabulary.draw(t, usual))
		trial := c.trial(drawn, log)
		drawn++
		if err != nil {
			return
		}
		var out *projection.Outcome
		if out, err = trial.Outcome(ctx); err != nil {
			return
		}
		total.add(log, out)
	})
	if err == nil && said != "" {
		err = fmt.Errorf("drawing logs: %s", said)
	}
	return total, err
}

func (t *Tally) add(log projection.Log, out *projection.Outcome) {
	t.Events += len(log.Events)
	t.Filtered += len(out.Filtered)
	t.Effects += len(out.Effects)
	if len(out.Answer) > 0 {
		t.Answers++
	}
	for i := range out.Poison {
		if out.Poison[i].Rejected {
			t.Rejected++
		} else {
			t.Failed++
		}
	}
}
