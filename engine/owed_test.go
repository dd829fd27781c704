package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
)

// What was parked or left out has never been performed outside: the generation of a
// mended projection performs it once readers see that, behind what is suppressed, and
// once; also when the engine is stopped, or the outside is down, in between.
func TestAReplayPerformsWhatIsOwed(t *testing.T) {
	var all []telling
	for i := range 60 {
		e := telling{key: fmt.Sprint(i % 5)}
		if i == 12 || i == 33 {
			e.do = poisons[i%2]
		}
		all = append(all, e)
	}
	for _, policy := range []string{"quarantine", "dead_letter"} {
		for _, stop := range []string{"", "before it is performed", "while the outside is down"} {
			t.Run(policy+" "+stop, func(t *testing.T) {
				p := with(policy, fickle())
				p.Executors = append(p.Executors, config.Executor{Collect: &config.Collect{}})
				whole := &outside{}
				once := newRig(t, newLog(t, eventsOf(all)), p)
				once.mend(map[string]bool{"reject": true, "trap": true})
				once.withOutside(whole)
				once.open()
				once.catchUp()

				r := newRig(t, newLog(t, eventsOf(all)), p)
				r.seen.strange = true
				mended := map[string]bool{}
				r.mend(mended)
				world := &outside{}
				r.withOutside(world)
				r.open()
				r.catchUp()
				before := world.seen()
				mended["reject"], mended["trap"] = true, true
				must(t, r.engine.Replay(t.Context(), "fickle"))
				if d := cmp.Diff(before, world.seen()); d != "" {
					t.Errorf("outside, before readers see the replay (-want +got):\n%s", d)
				}
				switch stop {
				case "before it is performed":
					r.close()
					r.open()
				case "while the outside is down":
					world.down = errSink
					if err := r.engine.CatchUp(t.Context()); !errors.Is(err, errSink) {
						t.Errorf("error %v", err)
					}
					world.down = nil
					r.close()
					r.open()
				}
				r.catchUp()
				r.close()
				r.open()
				r.catchUp()
				got, want := world.seen(), whole.seen()
				slices.Sort(got)
				slices.Sort(want)
				// An event that was left out is not in the states behind it: what those
				// have asked for stays, as it was then.
				if policy == "quarantine" {
					if d := cmp.Diff(want, got); d != "" {
						t.Errorf("outside, in the end (-want +got):\n%s", d)
					}
				}
				if len(got) != len(want) || len(before) >= len(want) {
					t.Errorf("%d effects outside, before the replay %d; want %d", len(got), len(before), len(want))
				}
				if left, err := r.engine.DeadLetters("fickle"); err != nil || len(left.Parked)+len(left.Letters) > 0 {
					t.Errorf("left %+v, %v", left, err)
				}
			})
		}
	}
}

// What is owed and cannot be performed is a dead letter like any other.
func TestWhatIsOwedMayBePoison(t *testing.T) {
	all := []telling{{key: "a"}, {key: "b", do: "reject"}, {key: "b"}, {key: "a"}}
	p := with("quarantine", fickle())
	p.Executors = append(p.Executors, config.Executor{Collect: &config.Collect{}})
	r := newRig(t, newLog(t, eventsOf(all)), p)
	r.seen.strange = true
	mended := map[string]bool{}
	r.mend(mended)
	world := &outside{}
	r.withOutside(world)
	r.open()
	r.catchUp()
	mended["reject"] = true
	must(t, r.engine.Replay(t.Context(), "fickle"))
	world.down = &effect.PoisonError{Cause: 2, Err: errSink}
	r.catchUp()
	left, err := r.engine.DeadLetters("fickle")
	if err != nil || len(left.Letters) != 1 || left.Letters[0].Position != 2 || left.Letters[0].Attempts != 1 {
		t.Errorf("left %+v, %v", left, err)
	}
	world.down = nil
	must(t, r.engine.Retry(t.Context(), "fickle", engine.Choice{}))
	if got := world.seen(); len(got) != 4 {
		t.Errorf("outside: %v", got)
	}
}

// mend has fickle meet what is mended as something harmless.
func (r *rig) mend(mended map[string]bool) {
	r.opts.OpenPlugin = func(ctx context.Context, spec config.Projection) (engine.Plugin, error) {
		p, err := openPlugin(ctx, spec)
		return &physician{Plugin: p, mended: mended}, err
	}
}
