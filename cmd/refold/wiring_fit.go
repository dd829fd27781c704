package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/sdk/manifest"
)

// fit holds a pipeline to the manifest of its projection: what the YAML alone does not
// say.
func fit(spec *config.Pipeline, m *manifest.Manifest, types []config.EventType) (errs config.Errors) {
	fail := func(at config.Pos, hint, format string, args ...any) {
		errs = append(errs, &config.Error{Pos: at, Message: fmt.Sprintf("plugin %s ", m.Name) + fmt.Sprintf(format, args...), Hint: hint})
	}
	pr := &spec.Projection
	if m.State != manifest.Keyed {
		if spec.OnError == "quarantine" {
			fail(spec.Where("on_error"), "write dead_letter or halt", "is %s, and has no keys that could be parked", m.State)
		}
		if pr.Key != "" {
			fail(pr.Where("key"), "remove key", "is %s, and has no keys", m.State)
		}
	}
	if m.State == manifest.Resident && spec.OnChange == "continue" {
		fail(spec.Where("on_change"), "say rebuild or refuse, or key the projection", "is resident: its snapshot belongs to the module that made it, and no other one can continue from it")
	}
	for _, name := range spec.Source.Events {
		if len(m.Events) > 0 && !slices.Contains(m.Events, name) {
			fail(spec.Source.Where("events"), config.Closest(name, m.Events), "does not fold events of type %q", name)
		}
	}
	for _, f := range m.Fields {
		if declared := declarationsOf(f, m.Events, spec.Source.Events, types); len(declared) > 0 && !slices.ContainsFunc(declared, func(d declaredField) bool { return d.fits(f) }) {
			d := declared[0]
			fail(pr.Where(pluginKey(pr)), "mend the catalog at "+d.of.Where("fields").String()+", or the projection", "asks for the field %s as %s, and in events of type %s %s is %s", f.Path, f.Type, d.of.Type, d.field.Name, d.told())
		}
	}
	return errs
}

// pluginKey is the key that names the plugin.
func pluginKey(pr *config.Projection) string {
	if pr.Process != nil {
		return "process"
	}
	return "wasm"
}

// fieldKinds are the types of the catalog whose values a projection gets as the type
// that it asks for.
var fieldKinds = map[manifest.FieldType][]catalog.FieldType{
	manifest.Bool:   {catalog.BooleanType},
	manifest.I64:    {catalog.IntegerType, catalog.NumberType},
	manifest.F64:    {catalog.IntegerType, catalog.NumberType},
	manifest.String: {catalog.StringType, catalog.UUIDType, catalog.TimeType},
	manifest.Bytes:  {catalog.StringType},
	manifest.UUID:   {catalog.UUIDType, catalog.StringType},
	manifest.Time:   {catalog.TimeType, catalog.StringType},
}

// declaredField is a field of an event type.
type declaredField struct {
	field catalog.Field
	of    *config.EventType
}

// declarationsOf are those of a field that a projection asks for, in the event types that
// it is given: of a path below a field, those of the field.
func declarationsOf(f manifest.Field, wanted, selected []string, types []config.EventType) (list []declaredField) {
	name, _, _ := strings.Cut(f.Path, ".")
	for i := range types {
		t := &types[i]
		if !slices.Contains(wanted, t.Type) || len(selected) > 0 && !slices.Contains(selected, t.Type) {
			continue
		}
		for _, d := range t.Fields.Declared() {
			if d.Name == name {
				list = append(list, declaredField{d, t})
			}
		}
	}
	return list
}

// fits reports whether the projection can get what it asks for. A field that is unfit in
// the events of one type may be meant for those of another.
func (d *declaredField) fits(f manifest.Field) bool {
	switch {
	case d.field.Presence == catalog.Forbidden:
		return false
	case strings.Contains(f.Path, "."):
		return slices.Contains([]catalog.FieldType{catalog.ObjectType, catalog.AnyType}, d.field.Type)
	}
	return d.field.Type == catalog.AnyType || slices.Contains(fieldKinds[f.Type], d.field.Type)
}

func (d *declaredField) told() string {
	if d.field.Presence == catalog.Forbidden {
		return "forbidden"
	}
	return "of type " + string(d.field.Type)
}

// checkKinds refuses filters that let nothing through that the module behind them
// performs.
func (p *parts) checkKinds(ctx context.Context, x *config.Executor) (errs config.Errors) {
	m, err := p.executorModule(ctx, x.Innermost().WASM)
	if err != nil {
		return nil // which has been told
	}
	kinds := m.Manifest().Kinds
	for f := x.Filter; f != nil; f = f.Executor.Filter {
		if len(f.Kinds) > 0 && !slices.ContainsFunc(f.Kinds, func(kind string) bool { return slices.Contains(kinds, kind) }) {
			errs = append(errs, &config.Error{Pos: f.Where("kinds"), Hint: "add one of them, or remove the executor",
				Message: fmt.Sprintf("plugin %s performs %s effects, of which kinds lets none through", m.Manifest().Name, strings.Join(kinds, ", "))})
		}
	}
	return errs
}
