package root

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

var drawEffect = rapid.Custom(func(t *rapid.T) effect.Effect {
	return effect.Effect{
		Kind:    effect.Kind(rapid.Uint16Range(1, 6).Draw(t, "kind")),
		Level:   effect.Level(rapid.Uint16Range(0, 3).Draw(t, "level")),
		Cause:   event.Position(rapid.Uint64Range(1, 4).Draw(t, "cause")),
		Ordinal: rapid.Uint32Range(0, 2).Draw(t, "ordinal"),
		Name:    rapid.StringMatching(`[ab]{0,3}`).Draw(t, "name"),
		Key:     rapid.StringMatching(`[ab]{0,3}`).Draw(t, "key"),
		Body:    json.RawMessage(rapid.StringMatching(`[ab]{0,90}`).Draw(t, "body")),
	}
})

// However effects come in batches, and wherever the hash is kept in between, the
// digest is one.
func TestEffectsDoNotShowTheirBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(drawEffect, 0, 20).Draw(t, "effects")
		want := NewHasher().Add(Effects{}, all).Sum()
		var e Effects
		h := NewHasher()
		for rest := all; len(rest) > 0; {
			n := rapid.IntRange(0, len(rest)).Draw(t, "batch")
			e = h.Add(e, rest[:n])
			if rest = rest[n:]; rapid.Bool().Draw(t, "kept") {
				text, err := json.Marshal(e)
				if err == nil {
					e, h = Effects{}, NewHasher()
					err = json.Unmarshal(text, &e)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := e.Sum(); got != want {
			t.Fatalf("the digest is %s, want %s", got, want)
		}
	})
}

// Different effects, or the same in another order, have different digests.
func TestEffectsTellsThemApart(t *testing.T) {
	draw := rapid.SliceOfN(drawEffect, 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		same := NewHasher().Add(Effects{}, a).Sum() == NewHasher().Add(Effects{}, b).Sum()
		if equal := cmp.Equal(a, b); same != equal {
			t.Fatalf("the digests are equal: %t, the effects: %t", same, equal)
		}
	})
}

// Whatever has been in a set, only what is in it now counts.
func TestASetIsWhatIsInIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var moved Set
		model := map[string]string{}
		var scratch []byte
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			key := rapid.StringMatching(`[ab]{0,2}`).Draw(t, "key")
			if before, ok := model[key]; ok {
				scratch = moved.Remove(scratch, []byte(key), []byte(before))
				delete(model, key)
			}
			if rapid.Bool().Draw(t, "set") {
				model[key] = rapid.StringMatching(`[ab]{0,2}`).Draw(t, "state")
				scratch = moved.Add(scratch, []byte(key), []byte(model[key]))
			}
		}
		var fresh Set
		for key, state := range model {
			fresh.Add(nil, []byte(key), []byte(state))
		}
		if moved != fresh || moved.IsZero() != (len(model) == 0) {
			t.Fatalf("the set of %v is %s, want %s", model, moved, fresh)
		}
	})
}

// Every part of a root shows in its sum. The sums are for ever: roots are kept.
func TestRoots(t *testing.T) {
	var states Set
	states.Add(nil, []byte("k"), []byte("v"))
	base := Root{Position: 7, Effects: NewHasher().Add(Effects{}, []effect.Effect{{Kind: effect.Insert, Cause: 7, Name: "t", Body: json.RawMessage(`{}`)}}).Sum(), States: states}
	sums := map[Digest]string{}
	for name, change := range map[string]func(r *Root) (identity string){
		"as it is":         func(*Root) string { return "identity" },
		"another identity": func(*Root) string { return "identitz" },
		"another position": func(r *Root) string { r.Position++; return "identity" },
		"other effects":    func(r *Root) string { r.Effects[31]++; return "identity" },
		"another state":    func(r *Root) string { r.States.Digest[0]++; return "identity" },
		"an answer":        func(r *Root) string { r.Answer[0]++; return "identity" },
		"another answer":   func(r *Root) string { r.Answer[0] = 2; return "identity" },
		"something aside":  func(r *Root) string { r.Aside.Add(nil, []byte("w"), nil); return "identity" },
	} {
		r := base
		r.Seal(change(&r))
		if other, twice := sums[r.Sum]; twice {
			t.Errorf("%s and %s have one sum", name, other)
		}
		sums[r.Sum] = name
		if name == "as it is" {
			const want = "a2e098701615ab381cc7a26d9be6802f23d03b173d7c6688dfaa7b186e8f4606"
			if got := r.Sum.String(); got != want {
				t.Errorf("the sum is %s, want %s", got, want)
			}
		}
	}
	answered, other := base, base
	answered.Answer[0], other.Answer[0] = 1, 2
	for _, r := range []*Root{&base, &answered, &other} {
		r.Seal("identity")
	}
	if !base.Is(base, "identity") || !base.Is(answered, "identity") || !answered.Is(base, "identity") || answered.Is(other, "identity") {
		t.Error("roots with and without answers are compared otherwise")
	}
	if answered.Effects[0]++; answered.Is(base, "identity") {
		t.Error("other effects are not looked at beside an answer")
	}
	if Chain(Digest{}, base.Effects) == Chain(base.Effects, base.Effects) {
		t.Error("a link does not depend on the one before it")
	}
}

func TestWhatIsNoDigest(t *testing.T) {
	for _, text := range []string{`""`, `"00"`, fmt.Sprintf(`"%0216d"`, 1), fmt.Sprintf(`"%64s"`, "x")} {
		var d Digest
		var e Effects
		if d.UnmarshalText([]byte(text)) == nil || json.Unmarshal([]byte(text), &e) == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func BenchmarkEffects(b *testing.B) {
	list := make([]effect.Effect, 1024)
	for i := range list {
		list[i] = effect.Effect{Kind: effect.Update, Cause: event.Position(i), Name: "lines_by_dir", Key: "src/engine", Body: json.RawMessage(`{"dir":"src/engine","added":120,"removed":11,"commits":7}`)}
	}
	h, e := NewHasher(), Effects{}
	b.ReportAllocs()
	for b.Loop() {
		e = h.Add(e, list)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(list)), "ns/effect")
}

func BenchmarkSet(b *testing.B) {
	var s Set
	var scratch []byte
	key, state := []byte("0192f0c1-0000-7000-8000-000000000000"), []byte(`{"count":2,"last":5,"dir":"src/engine"}`)
	b.ReportAllocs()
	for b.Loop() {
		scratch = s.Add(scratch, key, state)
	}
}
