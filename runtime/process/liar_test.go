package process_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/runtime"
)

func TestLyingProjection(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	for how, code := range map[string]runtime.Code{
		"manifest": runtime.BadManifest, "large manifest": runtime.OutputTooLarge, "other manifest": runtime.BadManifest,
	} {
		t.Run(how, func(t *testing.T) {
			h, _ := newHost(t)
			_, err := h.Load(t.Context(), as(t, "liar", how))
			wantCode(t, err, code)
		})
	}
	for how, code := range map[string]runtime.Code{
		"beyond quietly": runtime.Trap, "large": runtime.OutputTooLarge,
		"larger than a frame": runtime.OutputTooLarge, "an error": runtime.Failed, "beyond": runtime.Failed,
	} {
		t.Run(how, func(t *testing.T) {
			i, _ := start(t, as(t, "liar", how))
			_, err := i.Fold(t.Context(), unkeyed(t, "nothing", "nothing"))
			if fault := wantCode(t, err, code); fault.Event != runtime.NoEvent {
				t.Errorf("event %d of 2 is blamed", fault.Event)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) { // is no frame, which the caller finds
		i, _ := start(t, as(t, "liar", "nothing"))
		if out, err := i.Fold(t.Context(), unkeyed(t, "nothing")); err != nil || len(out) != 0 {
			t.Errorf("%d bytes, error %v", len(out), err)
		}
	})
}

func TestLyingExecutor(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	for _, how := range []string{"behind", "ahead", "moved though it failed", "poison elsewhere", "done elsewhere"} {
		t.Run(how, func(t *testing.T) {
			x := open(t, as(t, "liar", how), nil)
			wantCode(t, x.Execute(t.Context(), batch(5, 9, asked(effect.Log, 7, ""))), runtime.BadReply)
			if at, _ := x.Position(); at != 5 {
				t.Errorf("the position is %d", at)
			}
		})
	}
	for how, after := range map[string]time.Duration{"cancelled": 0, "for ever": time.Hour} {
		t.Run(how, func(t *testing.T) {
			x := open(t, as(t, "liar", how), nil)
			var retry *effect.RetryError
			if err := x.Execute(t.Context(), batch(5, 9)); !errors.As(err, &retry) || retry.After != after {
				t.Errorf("the error is %v", err)
			}
		})
	}
	t.Run("unknown class", func(t *testing.T) {
		x := open(t, as(t, "liar", "unknown class"), nil)
		if fault := wantCode(t, x.Execute(t.Context(), batch(5, 9)), runtime.Failed); len(fault.Reason) > 8<<10 || !strings.HasPrefix(fault.Reason, "long") {
			t.Errorf("a reason of %d bytes", len(fault.Reason))
		}
	})
	t.Run("answer", func(t *testing.T) {
		x := open(t, as(t, "liar", "answer"), nil)
		_, err := x.Query(t.Context(), asked(effect.Query, 7, "?"))
		wantCode(t, err, runtime.BadReply)
	})
}
