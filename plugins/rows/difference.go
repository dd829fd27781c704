package rows

import (
	"fmt"
	"maps"
	"slices"
)

// Difference says in what a declaration differs from the one that the table was
// built with. The order of columns and the indexes do not count.
func Difference(old, declared Table) (column, reason string) {
	types := make(map[string]Type, len(old.Columns))
	for _, c := range old.Columns {
		types[c.Name] = c.Type
	}
	for _, c := range declared.Columns {
		was, ok := types[c.Name]
		delete(types, c.Name)
		if !ok {
			return c.Name, "is declared, but the table was built without it"
		}
		if was != c.Type {
			return c.Name, fmt.Sprintf("is declared as %s, but the table was built with %s", c.Type, was)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		return name, "is no longer declared, but the table was built with it"
	}
	if !slices.Equal(old.PrimaryKey, declared.PrimaryKey) {
		return "", fmt.Sprintf("is declared with the primary key (%s), but was built with (%s)",
			QuoteAll(declared.PrimaryKey), QuoteAll(old.PrimaryKey))
	}
	return "", ""
}

// Mismatch is a table of a pipeline that is not what its declaration wants: only
// another generation can be.
func Mismatch(pipeline, table, column, reason string) error {
	return &TableError{
		Table: table, Column: column,
		Reason: fmt.Sprintf("%s; rebuild with `refold replay %s`", reason, pipeline),
	}
}

// MatchAll holds the declared tables against those that a pipeline's generation was
// built with, by name. The error is a [*TableError].
func MatchAll(pipeline string, built map[string]Table, declared []*Writes) error {
	rest := maps.Clone(built)
	for _, t := range declared {
		old, ok := rest[t.Table.Name]
		delete(rest, t.Table.Name)
		if !ok {
			return Mismatch(pipeline, t.Table.Name, "", "is declared, but this generation was built without it")
		}
		if column, reason := Difference(old, t.Table); reason != "" {
			return Mismatch(pipeline, t.Table.Name, column, reason)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		return Mismatch(pipeline, name, "", "is no longer declared, but this generation was built with it")
	}
	return nil
}

// IndexChanges are the indexes that a declaration has gained and lost: they can
// change without building the rows anew.
func IndexChanges(old, declared Table) (gained, lost [][]string) {
	return without(declared.Indexes, old.Indexes), without(old.Indexes, declared.Indexes)
}

func without(indexes, others [][]string) (rest [][]string) {
	for _, columns := range indexes {
		if !slices.ContainsFunc(others, func(other []string) bool { return slices.Equal(other, columns) }) {
			rest = append(rest, columns)
		}
	}
	return rest
}
