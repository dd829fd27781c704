package catalog_test

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"testing"

	"github.com/refold-dev/refold/domain/catalog"
)

func raw(text string) json.RawMessage { return json.RawMessage(text) }

// The digest is kept in files: another one has readers build them anew.
func TestDigestStaysTheSame(t *testing.T) {
	digest := newCatalog(t, registered()).Digest()
	const want = "342500eb98120a4dd18ed5f559e08f7c1f83b635252290c23c53a95c9da94ff7"
	if got := hex.EncodeToString(digest[:]); got != want {
		t.Errorf("digest is %s, want %s", got, want)
	}
	if zero := (&catalog.Catalog{}).Digest(); zero != newCatalog(t).Digest() || zero != [32]byte{} {
		t.Errorf("an empty catalog's digest is %x", zero)
	}
}

func TestDigestIsCanonical(t *testing.T) {
	table := catalog.MapValues{Field: "a", Default: raw(`[1,2]`), Values: []catalog.Mapping{{From: raw(`"x"`), To: raw(`1`)}, {From: raw(`2`), To: raw(`{"a":1}`)}}}
	same := catalog.MapValues{Field: "a", Default: raw(` [1, 2]`), Values: []catalog.Mapping{{From: raw(` 2`), To: raw(`{"a": 1}`)}, {From: raw(`"\u0078"`), To: raw(`1`)}}}
	other := catalog.Type{Name: "other", Fields: []catalog.Field{{Name: "a"}, {Name: "b"}}}
	again := catalog.Type{Name: "other", Version: 1, Fields: []catalog.Field{{Name: "b", Type: catalog.AnyType}, {Name: "a"}}}
	changed := func(step catalog.Step) catalog.Type {
		return catalog.Type{Name: "changed", Version: 2, Upcasters: []catalog.Upcaster{{From: 1, Steps: []catalog.Step{step}}}}
	}
	a, b := newCatalog(t, other, changed(table)), newCatalog(t, changed(same), again)
	if a.Digest() != b.Digest() {
		t.Error("the same catalog written otherwise has another digest")
	}
	if a.Strict().Digest() != a.Digest() {
		t.Error("a strict catalog has another digest, but shows the same events")
	}
}

func TestDigestSeesEveryDifference(t *testing.T) {
	up := func(*catalog.Object) error { return nil }
	table := []catalog.Mapping{{From: raw(`1`), To: raw(`2`)}}
	steps := []catalog.Step{
		catalog.Rename{Field: "a", To: "b"}, catalog.Rename{Field: "a", To: "c"}, catalog.Rename{Field: "ab", To: "c"}, catalog.Rename{Field: "a", To: "bc"},
		catalog.Rename{Field: "a", To: "b", Optional: true},
		catalog.Add{Field: "a", Default: raw(`1`)}, catalog.Add{Field: "a", Default: raw(`1.0`)}, catalog.Add{Field: "b", Default: raw(`1`)},
		catalog.Drop{Field: "a"}, catalog.Drop{Field: "a.b"},
		catalog.Move{Field: "a", To: "b"}, catalog.Move{Field: "a", To: "b.a"}, catalog.Move{Field: "a", To: "b", Optional: true},
		catalog.MapValues{Field: "a", Values: table}, catalog.MapValues{Field: "b", Values: table},
		catalog.MapValues{Field: "a", Values: table, Default: raw(`null`)}, catalog.MapValues{Field: "a", Values: table, Optional: true},
		catalog.MapValues{Field: "a", Values: []catalog.Mapping{{From: raw(`1`), To: raw(`3`)}}},
		catalog.Func{Name: "f", Revision: "1", Up: up}, catalog.Func{Name: "f", Revision: "2", Up: up}, catalog.Func{Name: "g", Revision: "1", Up: up},
	}
	var catalogs [][]catalog.Type
	for _, s := range steps {
		catalogs = append(catalogs, []catalog.Type{{Name: "changed", Version: 2, Upcasters: []catalog.Upcaster{{From: 1, Steps: []catalog.Step{s}}}}})
	}
	a, b := steps[0], steps[5]
	step := func(s ...catalog.Step) []catalog.Upcaster { return []catalog.Upcaster{{From: 1, Steps: s}} }
	catalogs = append(catalogs,
		nil,
		[]catalog.Type{{Name: "changed"}},
		[]catalog.Type{{Name: "other"}},
		[]catalog.Type{{Name: "changed"}, {Name: "other"}},
		[]catalog.Type{{Name: "changed", Fields: []catalog.Field{{Name: "a"}}}},
		[]catalog.Type{{Name: "changed", Fields: []catalog.Field{{Name: "a", Type: catalog.StringType}}}},
		[]catalog.Type{{Name: "changed", Fields: []catalog.Field{{Name: "a", Presence: catalog.Optional}}}},
		[]catalog.Type{{Name: "changed", Version: 2, Upcasters: step(a, b)}},
		[]catalog.Type{{Name: "changed", Version: 2, Upcasters: step(b, a)}},
		[]catalog.Type{{Name: "changed", Version: 3, Upcasters: slices.Concat(step(a), []catalog.Upcaster{{From: 2, Steps: []catalog.Step{b}}})}},
	)
	seen := map[[32]byte]int{}
	for i, types := range catalogs {
		digest := newCatalog(t, types...).Digest()
		if j, twice := seen[digest]; twice {
			t.Errorf("catalogs %d and %d have the same digest", j, i)
		}
		seen[digest] = i
	}
}
