package projection_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/projection"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
)

func load(t *testing.T, source string) *projection.Projection {
	t.Helper()
	ctx := context.Background()
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { host.Close(ctx) })
	m, err := host.Load(ctx, conformance.BuildC(t, "../../sdk/c", source), wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return projection.New(m, "")
}

func recorded(at int, kind, data string) event.Recorded {
	return event.Recorded{Position: event.Position(at), Version: event.Version(at), Event: event.Event{
		ID: uuid.UUID{15: byte(at)}, Aggregate: event.Aggregate{Type: "thing", ID: uuid.UUID{0: 1}}, CorrelationID: uuid.UUID{0: 2},
		Type: kind, SchemaVersion: 1, Time: time.Unix(int64(at), 0).UTC(), Data: []byte(data)}}
}

// TestPoisonIsLeftOut: whatever the batches, the events that are rejected or make
// the mirror panic are left out, each by itself, and all others count.
func TestPoisonIsLeftOut(t *testing.T) {
	p := load(t, "../../sdk/conformance/guests/c/mirror.c")
	commands := []string{"update", "reject", "panic", "emit", "unkeyed", "unfit", "unwanted"}
	rapid.Check(t, func(t *rapid.T) {
		drawn := rapid.SliceOfN(rapid.SampledFrom(commands), 1, 20).Draw(t, "commands")
		log := projection.Log{Batches: rapid.SliceOfN(rapid.IntRange(1, 6), 0, 5).Draw(t, "batches")}
		var want []string
		count := 0
		for i, command := range drawn {
			at := i + 1
			data, kind := fmt.Sprintf(`{"key":"k","do":%q}`, command), "commanded"
			switch command {
			case "reject":
				want = append(want, fmt.Sprintf("%d rejected: rejected on demand", at))
			case "panic":
				want = append(want, fmt.Sprintf("%d %s", at, runtime.Trap))
			case "unkeyed":
				data = "{}"
			case "unfit":
				data = `{"key":[]}`
				want = append(want, fmt.Sprintf("%d %s", at, projection.UnfitEvent))
			case "unwanted":
				kind = "unwanted"
			default:
				count++
			}
			log.Events = append(log.Events, recorded(at, kind, data))
		}
		out, err := p.Fold(context.Background(), log)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, poison := range out.Poison {
			verdict := string(poison.Code)
			if poison.Rejected {
				verdict = poison.String()
			}
			got = append(got, fmt.Sprintf("%d %s", poison.Position, verdict))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		state := ""
		if count > 0 {
			state = fmt.Sprintf(`{"events":%d}`, count)
		}
		if string(out.States["k"]) != state || len(out.Effects) != count {
			t.Errorf("state %s and %d effects, want %s and %d", out.States["k"], len(out.Effects), state, count)
		}
	})
}

// TestARunOfAResidentProjectionGoesOn: an instance that failed is brought back by
// folding again what counts.
func TestARunOfAResidentProjectionGoesOn(t *testing.T) {
	ctx := context.Background()
	p := load(t, "testdata/touchy.c")
	var log projection.Log
	for at, n := range []string{"1", "2", "null", "3", `"bad"`, "4"} {
		log.Events = append(log.Events, recorded(at+1, "counted", `{"n":`+n+`}`))
	}
	for _, sizes := range [][]int{nil, {1, 1, 1, 1, 1}, {2, 2}, {4}} {
		log.Batches = sizes
		out, err := p.Fold(ctx, log)
		if err != nil {
			t.Fatal(err)
		}
		if string(out.Answer) != "10" || len(out.Poison) != 2 || out.Poison[0].Position != 3 || out.Poison[1].Position != 5 {
			t.Errorf("in batches of %v: answer %s, poison %v", sizes, out.Answer, out.Poison)
		}
	}
	if len(log.Events) != 6 {
		t.Error("the log has changed")
	}
	trial := p.Try(log)
	for _, law := range projection.Laws() {
		if breach, err := law.Check(ctx, trial); law.Name != "totality" && (breach != "" || err != nil) {
			t.Errorf("%s: %s, %v", law.Name, breach, err)
		} else if law.Name == "totality" && !strings.HasPrefix(breach, "event 3 failed (trap)") {
			t.Errorf("%s: %q", law.Name, breach)
		}
	}
}
