package engine_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
)

// An engine starts beside a database that is away: the pipeline that needs it is faulted,
// the others go on, and when it is back the pipeline goes on by itself.
func TestStartBesideASinkThatIsAway(t *testing.T) {
	all := history(100)
	r := newRig(t, newLog(t, all), lines(), commits())
	var away atomic.Bool
	away.Store(true)
	real := openExecutor(r.dir)
	r.opts.OpenExecutor = func(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
		if pipeline == "lines" && away.Load() {
			return nil, &effect.RetryError{Err: errors.New("unreachable")}
		}
		return real(ctx, spec, pipeline, generation)
	}
	r.open()
	if err := r.engine.CatchUp(t.Context()); err == nil || !strings.Contains(err.Error(), "unreachable") {
		t.Errorf("catching up: %v", err)
	}
	r.start()
	r.untilLive("commits", 100)
	if s := r.status("lines"); s.State != engine.Faulted && s.State != engine.Loading || s.Position != 0 {
		t.Errorf("beside it: %+v", s)
	}
	away.Store(false)
	r.untilLive("lines", 100)
	r.wantLines(all)
}
