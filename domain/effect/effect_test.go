package effect_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// TestIDIsForEver pins ids: sinks outside keep them as idempotency keys, so they
// must never change.
func TestIDIsForEver(t *testing.T) {
	for want, got := range map[string]uuid.UUID{
		"b371d14e-5741-8781-aeb5-74c8647fe3a0": effect.ID("lines_by_dir", 1, 1, 0),
		"5b634482-a65a-82d5-bc0f-ef5832893d0e": effect.ID("lines_by_dir", 2, 6697, 3),
		"3addfb14-1cd7-89c4-8654-3a82191a3707": effect.ID("", 0, 0, 0),
		"6080f0b6-136e-8461-9ae2-6858671aa695": effect.EventID("lines_by_dir", 6697, 3),
	} {
		if got.String() != want {
			t.Errorf("id is %s, want %s", got, want)
		}
		if got.Version() != 8 || got.Variant() != uuid.RFC4122 {
			t.Errorf("id %s is of version %d, variant %s", got, got.Version(), got.Variant())
		}
	}
}

// TestIDTellsEffectsApart: different effects have different ids.
func TestIDTellsEffectsApart(t *testing.T) {
	type key struct {
		pipeline   string
		generation uint64
		cause      event.Position
		ordinal    uint32
	}
	draw := rapid.Custom(func(t *rapid.T) key {
		return key{
			rapid.SampledFrom([]string{"", "a", "ab", "b"}).Draw(t, "pipeline"),
			rapid.Uint64Range(0, 3).Draw(t, "generation"),
			event.Position(rapid.Uint64Range(0, 3).Draw(t, "cause")),
			rapid.Uint32Range(0, 3).Draw(t, "ordinal"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		same := effect.ID(a.pipeline, a.generation, a.cause, a.ordinal) == effect.ID(b.pipeline, b.generation, b.cause, b.ordinal)
		if same != (a == b) {
			t.Fatalf("the ids of %v and %v are equal: %t", a, b, same)
		}
	})
}

func TestKindNames(t *testing.T) {
	for kind, want := range map[effect.Kind]string{
		effect.Insert: "insert", effect.Update: "update", effect.Delete: "delete",
		effect.Query: "query", effect.Log: "log", effect.EmitEvent: "emit_event", 0: "kind(0)", 7: "kind(7)", 900: "kind(900)",
	} {
		if got := kind.String(); got != want {
			t.Errorf("kind %d is called %q, want %q", uint16(kind), got, want)
		}
		back, ok := effect.ParseKind(want)
		if known := slices.Contains(effect.KindNames(), want); ok != known || known && back != kind {
			t.Errorf("%q is kind %d, %v", want, uint16(back), ok)
		}
	}
	if n := len(effect.KindNames()); n != 6 {
		t.Errorf("%d kinds have names", n)
	}
}

func TestLevelNames(t *testing.T) {
	if names := effect.LevelNames(); !slices.Equal(names, []string{"debug", "info", "warn", "error"}) {
		t.Errorf("the levels are %v", names)
	}
	for i, name := range effect.LevelNames() {
		if l, ok := effect.ParseLevel(name); !ok || l != effect.Level(i) || l.String() != name {
			t.Errorf("%q is level %d, %v, called %q", name, uint16(l), ok, l)
		}
	}
	for _, name := range []string{"", "WARN", "warning", "level(4)"} {
		if l, ok := effect.ParseLevel(name); ok {
			t.Errorf("%q is level %s", name, l)
		}
	}
	if got := effect.Level(4).String(); got != "level(4)" {
		t.Errorf("level 4 is called %q", got)
	}
}
