package rows

import (
	"fmt"
	"strings"
)

// Table declares a table.
type Table struct {
	// Name is the collection that effects name: [a-z_][a-z0-9_]*.
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
	// PrimaryKey names the columns that identify a row, in the order in which
	// effects give their values.
	PrimaryKey []string `json:"primary_key"`
	// Indexes are lists of columns to index, none of them unique.
	Indexes [][]string `json:"indexes,omitempty"`
}

// Column declares a column.
type Column struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
}

// Validate checks the tables of a read model without I/O. Its error is a
// [ConfigError].
func Validate(tables []Table, d *Dialect) error {
	if len(tables) == 0 {
		return &ConfigError{Field: "tables", Reason: "is empty: declare at least one table"}
	}
	seen := make(map[string]bool, len(tables))
	for i := range tables {
		t := &tables[i]
		at := ConfigError{Field: fmt.Sprintf("tables[%d]", i), Table: t.Name}
		if reason := d.checkTable(t.Name); reason != "" {
			return at.in("name", reason)
		}
		if seen[t.Name] {
			return at.in("name", "is declared twice")
		}
		seen[t.Name] = true
		if err := t.validate(d, at); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) validate(d *Dialect, at ConfigError) error {
	types, err := t.columnTypes(d, at)
	if err != nil {
		return err
	}
	if len(t.PrimaryKey) == 0 {
		return at.in("primary_key", "is empty: name at least one column")
	}
	if len(t.PrimaryKey) > d.KeyColumns {
		return at.in("primary_key", fmt.Sprintf("has more than %d columns", d.KeyColumns))
	}
	if err := checkColumnList(at, "primary_key", t.PrimaryKey, types); err != nil {
		return err
	}
	for i, name := range t.PrimaryKey {
		if typ := types[name]; !typ.identifies() {
			at.Column = name
			return at.in(fmt.Sprintf("primary_key[%d]", i), fmt.Sprintf("is of type %s, which does not identify a row", typ))
		}
	}
	return t.validateIndexes(at, types)
}

func (t *Table) columnTypes(d *Dialect, at ConfigError) (map[string]Type, error) {
	if len(t.Columns) == 0 {
		return nil, at.in("columns", "is empty: declare at least one column")
	}
	if len(t.Columns) > d.Columns {
		return nil, at.in("columns", fmt.Sprintf("has more than %d columns", d.Columns))
	}
	types := make(map[string]Type, len(t.Columns))
	for i, c := range t.Columns {
		at.Column = c.Name
		field := fmt.Sprintf("columns[%d]", i)
		if reason := d.checkColumn(c.Name); reason != "" {
			return nil, at.in(field+".name", reason)
		}
		if _, ok := types[c.Name]; ok {
			return nil, at.in(field+".name", "is declared twice")
		}
		if !c.Type.known() {
			return nil, at.in(field+".type", fmt.Sprintf("%q is not one of %s", c.Type, typeNames()))
		}
		types[c.Name] = c.Type
	}
	return types, nil
}

func (t *Table) validateIndexes(at ConfigError, types map[string]Type) error {
	seen := make(map[string]bool, len(t.Indexes))
	for i, columns := range t.Indexes {
		field := fmt.Sprintf("indexes[%d]", i)
		if len(columns) == 0 {
			return at.in(field, "is empty: name at least one column")
		}
		if err := checkColumnList(at, field, columns, types); err != nil {
			return err
		}
		key := strings.Join(columns, ",")
		if seen[key] {
			return at.in(field, "is declared twice")
		}
		seen[key] = true
	}
	return nil
}

func checkColumnList(at ConfigError, field string, columns []string, types map[string]Type) error {
	seen := make(map[string]bool, len(columns))
	for i, name := range columns {
		at.Column = name
		here := fmt.Sprintf("%s[%d]", field, i)
		if _, ok := types[name]; !ok {
			return at.in(here, "is not a column of the table")
		}
		if seen[name] {
			return at.in(here, "is named twice")
		}
		seen[name] = true
	}
	return nil
}
