package feed

import (
	"testing"

	"github.com/refold-dev/refold/domain/event"
)

func TestSelectionWants(t *testing.T) {
	for _, c := range []struct {
		name                         string
		manifest, source, aggregates []string
		typ, aggregate               string
		want                         bool
	}{
		{name: "no restriction", typ: "a", aggregate: "x", want: true},
		{name: "of the manifest", manifest: []string{"a", "b"}, typ: "b", aggregate: "x", want: true},
		{name: "not of the manifest", manifest: []string{"a"}, typ: "b", aggregate: "x"},
		{name: "of the source", source: []string{"a"}, typ: "a", aggregate: "x", want: true},
		{name: "not of the source", source: []string{"a"}, typ: "b", aggregate: "x"},
		{name: "of both", manifest: []string{"a", "b"}, source: []string{"b", "c"}, typ: "b", aggregate: "x", want: true},
		{name: "of the manifest only", manifest: []string{"a", "b"}, source: []string{"b"}, typ: "a", aggregate: "x"},
		{name: "of the source only", manifest: []string{"a"}, source: []string{"a", "b"}, typ: "b", aggregate: "x"},
		{name: "manifest and source have none in common", manifest: []string{"a"}, source: []string{"b"}, typ: "b", aggregate: "x"},
		{name: "of the aggregates", aggregates: []string{"x"}, typ: "a", aggregate: "x", want: true},
		{name: "not of the aggregates", aggregates: []string{"x"}, typ: "a", aggregate: "y"},
		{name: "of the types, not of the aggregates", source: []string{"a"}, aggregates: []string{"x"}, typ: "a", aggregate: "y"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := recorded(1, c.typ, "{}")
			e.Aggregate = event.Aggregate{Type: c.aggregate, ID: aggregate(1)}
			if got := Select(c.manifest, c.source, c.aggregates).Wants(&e); got != c.want {
				t.Errorf("wanted: %v, want %v", got, c.want)
			}
		})
	}
}
