package frame_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
)

func drawEffectBatch(t *rapid.T) framejson.EffectBatch {
	b := framejson.EffectBatch{
		Pipeline: typeNames.Draw(t, "pipeline"), Generation: rapid.Uint64().Draw(t, "generation"),
		After: rapid.Uint64().Draw(t, "after"), Through: rapid.Uint64().Draw(t, "through"), Effects: []framejson.BatchedEffect{},
	}
	for range rapid.IntRange(0, 5).Draw(t, "effects") {
		b.Effects = append(b.Effects, framejson.BatchedEffect{
			Kind:  rapid.SampledFrom([]string{"insert", "update", "delete", "query", "log", "emit_event"}).Draw(t, "kind"),
			Level: rapid.Uint16Range(0, 3).Draw(t, "level"), Cause: rapid.Uint64().Draw(t, "cause"),
			Ordinal: rapid.Uint32().Draw(t, "ordinal"), ID: uuids.Draw(t, "id"),
			CauseID: uuids.Draw(t, "cause id"), CorrelationID: uuids.Draw(t, "correlation id"), Time: rapid.Int64().Draw(t, "time"),
			Name: texts.Draw(t, "name"), Key: texts.Draw(t, "key"), Body: texts.Draw(t, "body"),
		})
	}
	return b
}

func TestEffectBatchRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := drawEffectBatch(rt)
		f, err := want.Frame()
		if err != nil {
			rt.Fatal(err)
		}
		behind := append(slices.Clone(f), rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(rt, "behind")...)
		got, err := frame.OpenEffectBatch(behind)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, framejson.OfEffectBatch(got)); diff != "" {
			rt.Fatal(diff)
		}
		if got.Count() != len(want.Effects) || len(f)%8 != 0 {
			rt.Fatalf("%d effects in %d bytes", got.Count(), len(f))
		}
		trusted, err := frame.TrustEffectBatch(behind)
		if err != nil || !cmp.Equal(framejson.OfEffectBatch(trusted), want) {
			rt.Fatalf("trusted, it says something else: %v", err)
		}
	})
}

func TestOutcomeRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		effects := rapid.IntRange(0, 5).Draw(rt, "effects")
		want := framejson.Outcome{Status: rapid.SampledFrom([]string{"performed", "retry", "poison", "fatal"}).Draw(rt, "status"), Text: texts.Draw(rt, "text")}
		switch want.Status {
		case "performed":
			want.Performed = effects
		case "poison":
			effects++
			want.Performed = rapid.IntRange(0, effects-1).Draw(rt, "performed")
			want.Poison = rapid.IntRange(want.Performed, effects-1).Draw(rt, "poison")
		default:
			want.Performed = rapid.IntRange(0, effects).Draw(rt, "performed")
		}
		if want.Status == "retry" {
			want.After = rapid.Uint32().Draw(rt, "after")
		}
		f, err := want.Frame()
		if err != nil {
			rt.Fatal(err)
		}
		got, err := frame.OpenOutcome(append(f, 1, 2, 3), effects)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, framejson.OfOutcome(got)); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestMessageRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := framejson.Message{}
		for range rapid.IntRange(0, 8).Draw(rt, "values") {
			want = append(want, drawSlot(rt))
		}
		f, err := want.Frame()
		if err != nil {
			rt.Fatal(err)
		}
		got, err := frame.OpenMessage(append(f, 1, 2, 3))
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, framejson.OfMessage(got)); diff != "" {
			rt.Fatal(diff)
		}
		for _, i := range []int{-1, len(want), 1 << 30} {
			if !got.Value(i).IsNull() {
				rt.Fatalf("value %d of %d is not null", i, len(want))
			}
		}
	})
}

// hostileEffects is a batch of two effects with u32s written over: the records
// begin at 64 and at 176.
var hostileEffects = []mutant{
	{"magic", []poke{{0, 0, 0x31524652}}, "magic"},
	{"version", []poke{{0, 8, 2}}, "version"},
	{"length over the bytes", []poke{{0, 4, 1 << 20}}, "length"},
	{"length under the header", []poke{{0, 4, 63}}, "length"},
	{"one effect fewer", []poke{{0, 12, 1}}, "as many"},
	{"one effect more", []poke{{0, 12, 3}}, "shorter"},
	{"effects of 2^32-1", []poke{{0, 12, 1<<32 - 1}}, "shorter"},
	{"pipeline outside", []poke{{0, 40, 1 << 20}}, "name outside"},
	{"pipeline's end wraps 32 bits", []poke{{0, 44, 1<<32 - 8}}, "name outside"},
	{"effects unaligned", []poke{{0, 48, 68}}, "do not fit"},
	{"effects at 2^32-8", []poke{{0, 48, 1<<32 - 8}}, "do not fit"},
	{"effects' length wraps 32 bits", []poke{{0, 52, 1<<32 - 8}}, "do not fit"},
	{"effects in the header", []poke{{0, 48, 8}}, "do not fit"},
	{"record of no length", []poke{{0, 64, 0}}, "length"},
	{"record unaligned", []poke{{0, 64, 68}}, "length"},
	{"record over the effects", []poke{{0, 176, 1 << 16}}, "length"},
	{"kind 0", []poke{{0, 68, 0}}, "unknown kind"},
	{"kind 7", []poke{{0, 68, 7}}, "unknown kind"},
	{"level 4", []poke{{0, 68, 5 | 4<<16}}, "unknown level"},
	{"body outside", []poke{{0, 64 + 96, 1 << 31}}, "text outside"},
	{"key's end wraps 32 bits", []poke{{0, 64 + 92, 1<<32 - 64}, {0, 64 + 88, 104}}, "text outside"},
	{"body in the header", []poke{{0, 64 + 96, 8}}, "text outside"},
}

func sampleEffects(t testing.TB) []byte {
	t.Helper()
	log := framejson.BatchedEffect{Kind: "log", Level: 2, Cause: 7, Body: framejson.Text("low")}
	row := framejson.BatchedEffect{Kind: "insert", Cause: 8, Name: framejson.Text("items"), Body: framejson.Text(`{"id":"a"}`)}
	return mustFrame(t, framejson.EffectBatch{Pipeline: "stock", Generation: 1, After: 6, Through: 8, Effects: []framejson.BatchedEffect{log, row}})
}

func TestHostileEffectBatches(t *testing.T) {
	if _, err := frame.OpenEffectBatch(sampleEffects(t)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range hostileEffects {
		t.Run(tt.name, func(t *testing.T) {
			b := sampleEffects(t)
			for _, p := range tt.pokes {
				p.into(b)
			}
			_, err := frame.OpenEffectBatch(b)
			wantFormatError(t, err, tt.want)
		})
	}
}

func TestHostileOutcomes(t *testing.T) {
	for _, tt := range []mutant{
		{"magic", []poke{{0, 0, 0x31524652}}, "magic"},
		{"version", []poke{{0, 8, 0}}, "version"},
		{"length", []poke{{0, 4, 39}}, "length"},
		{"status", []poke{{0, 12, 4}}, "status"},
		{"more than there are", []poke{{0, 16, 4}}, "more effects"},
		{"performed, but for one", []poke{{0, 12, 0}, {0, 16, 2}}, "fewer"},
		{"poison outside", []poke{{0, 20, 3}}, "does not have"},
		{"poison that is performed", []poke{{0, 16, 2}, {0, 20, 1}}, "has performed"},
		{"text outside", []poke{{0, 24, 1 << 20}}, "text outside"},
		{"text's end wraps 32 bits", []poke{{0, 28, 1<<32 - 40}}, "text outside"},
		{"text in the header", []poke{{0, 24, 8}}, "text outside"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := mustFrame(t, framejson.Outcome{Status: "poison", Performed: 1, Poison: 2, Text: framejson.Text("no such channel")})
			for _, p := range tt.pokes {
				p.into(b)
			}
			_, err := frame.OpenOutcome(b, 3)
			wantFormatError(t, err, tt.want)
		})
	}
}

func TestHostileMessages(t *testing.T) {
	for _, tt := range []mutant{
		{"magic", []poke{{0, 0, 0x31524652}}, "magic"},
		{"version", []poke{{0, 8, 2}}, "version"},
		{"length", []poke{{0, 4, 8}}, "length"},
		{"count wraps 32 bits", []poke{{0, 12, 1 << 28}}, "larger"},
		{"count over the bytes", []poke{{0, 12, 9}}, "larger"},
		{"kind", []poke{{0, 16, 9}}, "unknown kind"},
		{"text outside", []poke{{0, 24, 1 << 16}}, "outside"},
		{"text's offset over 32 bits", []poke{{0, 28, 1}}, "outside"},
		{"text in the slots", []poke{{0, 24, 16}}, "outside"},
		{"text's end wraps 32 bits", []poke{{0, 20, 1<<32 - 16}}, "outside"},
		{"UUID of 5 bytes", []poke{{0, 16, 6}}, "16 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := mustFrame(t, framejson.Message{{Kind: "string", Value: framejson.Text("hello")}, {Kind: "i64", Value: framejson.Text("7")}})
			for _, p := range tt.pokes {
				p.into(b)
			}
			_, err := frame.OpenMessage(b)
			wantFormatError(t, err, tt.want)
		})
	}
}

func TestTruncatedFramesOfExecutorsAreRefused(t *testing.T) {
	outcome := mustFrame(t, framejson.Outcome{Status: "fatal", Text: framejson.Text("no")})
	message := mustFrame(t, framejson.Message{{Kind: "string", Value: framejson.Text("hello")}})
	for name, f := range map[string]struct {
		frame []byte
		open  func([]byte) error
	}{
		"effects": {sampleEffects(t), func(b []byte) error { _, err := frame.OpenEffectBatch(b); return err }},
		"outcome": {outcome, func(b []byte) error { _, err := frame.OpenOutcome(b, 0); return err }},
		"message": {message, func(b []byte) error { _, err := frame.OpenMessage(b); return err }},
	} {
		for n := range f.frame {
			if f.open(f.frame[:n:n]) == nil {
				t.Errorf("%s: cut to %d of %d bytes it is accepted", name, n, len(f.frame))
			}
		}
	}
}

func TestOversizedEffectBatchIsRefused(t *testing.T) {
	var w frame.EffectBatchWriter
	w.Reset(frame.EffectBatchHeader{Pipeline: "p"})
	e := frame.BatchedEffect{Kind: frame.Log, Body: make([]byte, frame.MaxSize/2)}
	if !w.Fits(&e) {
		t.Error("a body of half the size does not fit")
	}
	w.Add(&e)
	if w.Fits(&e) {
		t.Error("two of them fit")
	}
	w.Add(&e)
	if _, err := w.Finish(); err == nil {
		t.Error("a batch over MaxSize is written")
	}
	w.Reset(frame.EffectBatchHeader{Pipeline: "p"})
	if f, err := w.Finish(); err != nil || len(f) != 72 || w.Count() != 0 {
		t.Errorf("the next batch has %d bytes, error %v", len(f), err)
	}
}

// The fuzz targets hold invariant 2, as FuzzOpenBatch does.
func FuzzOpenEffectBatch(f *testing.F) {
	f.Add(sampleEffects(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		if batch, err := frame.OpenEffectBatch(b[:len(b):len(b)]); err == nil {
			framejson.OfEffectBatch(batch)
		}
	})
}

func FuzzOpenOutcome(f *testing.F) {
	f.Add(mustFrame(f, framejson.Outcome{Status: "poison", Performed: 1, Poison: 2, Text: framejson.Text("no")}), 3)
	f.Fuzz(func(t *testing.T, b []byte, effects int) {
		o, err := frame.OpenOutcome(b[:len(b):len(b)], effects&0xffff)
		if err == nil && (o.Performed > effects&0xffff || o.Status == frame.Poison && o.Poison >= effects&0xffff) {
			t.Fatalf("%+v of %d effects", o, effects)
		}
	})
}

func FuzzOpenMessage(f *testing.F) {
	f.Add(mustFrame(f, framejson.Message{{Kind: "string", Value: framejson.Text("hello")}, {Kind: "uuid", Value: framejson.Text("00000000-0000-4000-8000-000000000001")}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := frame.OpenMessage(b[:len(b):len(b)]); err == nil && m.Count() < 1<<12 {
			framejson.OfMessage(m)
		}
	})
}
