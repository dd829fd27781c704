package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// columnTypes are the types that a table's column can have.
var columnTypes = []string{"text", "integer", "real", "boolean", "blob", "json", "time"}

func (r *rules) executor(e *Executor) {
	if known, set := e.kinds(); len(set) != 1 {
		r.fail(e.pos, fmt.Sprintf("write one of %s", strings.Join(known, ", ")),
			"an executor has exactly one kind, this one has %d", len(set))
	}
	r.delivery(e)
	if e.SQLite != nil {
		r.sqlite(e.SQLite)
	}
	if e.WASM != nil {
		r.wasmExecutor(e.WASM)
	}
	if e.Postgres != nil {
		r.postgres(e.Postgres)
	}
	if e.Filter != nil {
		r.filter(e.Filter)
	}
	if e.Process != nil {
		r.process(&e.Process.Process)
	}
	if e.NATS != nil {
		r.nats(e.NATS)
	}
	if e.HTTP != nil {
		r.http(e.HTTP)
	}
	if e.File != nil {
		r.file(e.File)
	}
	if e.Collect != nil && e.Collect.Limit < 0 {
		r.fail(e.Collect.Where("limit"), "leave it out for the default", "limit must not be negative")
	}
}

// filter refuses what would let through everything, or nothing.
func (r *rules) filter(f *Filter) {
	known := true // all kinds are
	for _, kind := range f.Kinds {
		if _, ok := effect.ParseKind(kind); !ok {
			known = false
			r.fail(f.Where("kinds"), Closest(kind, effect.KindNames()), "unknown kind of effect %q", kind)
		}
	}
	if _, ok := effect.ParseLevel(f.Level); !ok && f.Level != "" {
		r.fail(f.Where("level"), Closest(f.Level, effect.LevelNames()), "unknown level %q", f.Level)
	}
	for _, name := range f.Events {
		if err := event.ValidateTypeName(name); err != nil {
			r.fail(f.Where("events"), "event types are in snake_case", "event type: %s", err)
		}
	}
	r.conditions(f, known)
	if f.Executor == nil {
		r.fail(f.Where("executor"), "add `executor: {KIND: …}`, which gets what is let through", "the filter has no executor")
		return
	}
	r.bare(f.Executor)
	r.executor(f.Executor)
	if f.Executor.Filter == nil {
		r.letsThrough(f, known)
	}
}

// letsThrough refuses a filter that lets nothing through that the executor behind it
// performs, or collections that it does not keep.
func (r *rules) letsThrough(f *Filter, known bool) {
	if kinds := kindsOf(f.Executor); known && len(kinds) > 0 && len(f.Kinds) > 0 && !overlap(f.Kinds, kinds) {
		r.fail(f.Where("kinds"), "add one of them, or remove the executor", "%s performs %s effects, of which kinds lets none through", f.Executor.Kind(), strings.Join(kinds, ", "))
	}
	kept := collectionsOf(f.Executor)
	for _, name := range f.Collections {
		if len(kept) > 0 && !slices.Contains(kept, name) {
			r.fail(f.Where("collections"), Closest(name, kept), "collection %q is let through, and the %s executor behind the filter keeps no rows of it", name, f.Executor.Kind())
		}
	}
}

// kindsOf are the kinds of effect that an executor performs, as far as its declaration
// says; nil for all.
func kindsOf(e *Executor) []string {
	written := []string{"insert", "update", "delete"}
	switch {
	case e.SQLite != nil && e.SQLite.Queries != nil, e.Postgres != nil && e.Postgres.Queries != nil:
		return append(written, "query")
	case e.SQLite != nil, e.Postgres != nil, e.NATS != nil && e.NATS.KV != nil:
		return written
	case e.Log != nil:
		return []string{"log"}
	case e.NATS != nil && e.NATS.Events != nil:
		return []string{"emit_event"}
	}
	return nil
}

// conditions refuses a filter without any and, if all its kinds are known, one
// that is about other kinds.
func (r *rules) conditions(f *Filter, known bool) {
	given := false
	for _, c := range []struct {
		key   string
		about []string // kinds; none: all
	}{
		{"kinds", nil},
		{"level", []string{"log"}},
		{"collections", []string{"insert", "update", "delete"}},
		{"events", []string{"emit_event"}},
	} {
		if !f.Sets(c.key) {
			continue
		}
		given = true
		if known && len(c.about) > 0 && len(f.Kinds) > 0 && !overlap(f.Kinds, c.about) {
			r.fail(f.Where(c.key), "add one to kinds, or remove "+c.key,
				"%s is about %s effects, of which kinds lets none through", c.key, strings.Join(c.about, ", "))
		}
	}
	if !given {
		r.fail(f.pos, "add kinds, level, collections or events, or put the executor in its place", "the filter has no condition")
	}
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

func (r *rules) sqlite(s *SQLite) {
	if s.Path == "" {
		r.fail(s.Where("path"), "add `path: FILE.db`; it is relative to the data directory", "the sqlite executor has no path")
	}
	r.tables(s.Where("tables"), "sqlite", s.Tables)
	r.queries(s.Queries)
}

// tables are those of an executor.
func (r *rules) tables(at Pos, executor string, tables []Table) {
	if len(tables) == 0 {
		r.fail(at, "declare the tables that the projection writes", "the %s executor has no tables", executor)
	}
	seen := map[string]bool{}
	for i := range tables {
		t := &tables[i]
		r.table(t)
		if seen[t.Name] {
			r.fail(t.Where("name"), "give one of the two another name", "table %q is declared twice", t.Name)
		}
		seen[t.Name] = true
	}
}

func (r *rules) table(t *Table) {
	if !sqlName.MatchString(t.Name) {
		r.fail(t.Where("name"), "use a-z, 0-9 and _, not starting with a digit", "%q cannot name a table", t.Name)
	}
	if len(t.Columns) == 0 {
		r.fail(t.Where("columns"), "add `columns: {NAME: TYPE, …}`", "table %q has no columns", t.Name)
	}
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Name)
		if !sqlName.MatchString(c.Name) {
			r.fail(c.pos, "use a-z, 0-9 and _, not starting with a digit", "%q cannot name a column", c.Name)
		}
		if !slices.Contains(columnTypes, c.Type) {
			r.fail(c.pos, Closest(c.Type, columnTypes), "unknown column type %q", c.Type)
		}
	}
	if len(t.Columns) == 0 {
		return
	}
	if len(t.PrimaryKey) == 0 {
		r.fail(t.Where("primary_key"), "add `primary_key: [COLUMN]`: rows are replaced by it", "table %q has no primary key", t.Name)
	}
	for _, k := range t.PrimaryKey {
		if !slices.Contains(names, k) {
			r.fail(t.Where("primary_key"), Closest(k, names), "primary key %q is no column of table %q", k, t.Name)
		}
	}
}
