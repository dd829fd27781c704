package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
)

// hoarder is a keyed projection in Go whose states are large: the number of the
// key's events, and size bytes more.
type hoarder struct {
	size int
	out  frame.ResultWriter
}

func (*hoarder) Manifest() manifest.Manifest {
	return manifest.Manifest{ABI: manifest.ABI, Name: "hoarder", State: manifest.Keyed, Key: "key"}
}
func (*hoarder) Digest() string                                { return "sha256:hoarder" }
func (*hoarder) Query(context.Context, []byte) ([]byte, error) { return nil, nil }
func (*hoarder) Snapshot(context.Context) ([]byte, error)      { return nil, nil }
func (*hoarder) Restore(context.Context, []byte) error         { return nil }
func (*hoarder) Close(context.Context) error                   { return nil }
func (h *hoarder) Fold(_ context.Context, batch []byte) ([]byte, error) {
	b, err := frame.OpenBatch(batch)
	if err != nil {
		return nil, err
	}
	h.out.Reset()
	for g := range b.Groups() {
		state, _ := g.State()
		if len(state) == 0 {
			state = make([]byte, 1+h.size)
		}
		state[0] += byte(g.EventCount())
		h.out.SetState(g.Index, state)
	}
	return h.out.Finish(), nil
}

// The states of many keys do not fit one frame, though those of each do; and
// not all that has changed waits in memory for the next tick.
func TestLargeStates(t *testing.T) {
	if testing.Short() {
		t.Skip("short: it is about sizes")
	}
	const keys, size = 10, 9 << 20 // 90 MiB; a frame has 64
	var all []event.Event
	for i := range 2 * keys {
		all = append(all, told(i, fmt.Sprint(i%keys), ""))
	}
	log := newLog(t, nil)
	r := newRig(t, log, config.Pipeline{Name: "hoarder"})
	r.opts.OpenPlugin = func(context.Context, config.Projection) (engine.Plugin, error) { return &hoarder{size: size}, nil }
	r.opts.CheckpointEvery = time.Hour
	r.opts.BatchSize = 3
	var checkpoints int
	r.opts.Observer.Checkpointed = func(engine.Checkpoint) { checkpoints++ }
	r.open()
	appendTo(t, log, all[:keys])
	r.catchUp()
	if checkpoints < 2 {
		t.Errorf("%d checkpoints while %d MiB changed, want one before the end", checkpoints, keys*size>>20)
	}
	r.close()
	r.opts.BatchSize = 1024
	r.open()
	appendTo(t, log, all[keys:])
	r.catchUp()
	for i := range keys {
		text, err := r.engine.State(t.Context(), "hoarder", ptr(fmt.Sprint(i)))
		if want := `{"$base64":"AgAA`; err != nil || !strings.HasPrefix(string(text), want) { // 2, 0, 0
			t.Errorf("state of key %d: %.30s, %v", i, text, err)
		}
	}
}

// A run of large events, each of which a frame has room for, is folded.
func TestLargeEvents(t *testing.T) {
	if testing.Short() {
		t.Skip("short: it is about sizes")
	}
	pad := strings.Repeat("x", 7<<20)
	var all []event.Event
	for i := range 10 {
		all = append(all, newEvent(i, "large", `{"pad":"`+pad+`"}`))
	}
	r := newRig(t, newLog(t, all), moody())
	var most int
	r.opts.Observer.Folded = func(_ string, _ uint64, _ event.Position, events, _ int) { most = max(most, events) }
	r.open()
	r.catchUp()
	r.wantState("moody", map[string]int{"large": 10})
	if most > 1 {
		t.Errorf("%d events of 7 MiB make a batch", most)
	}
}
