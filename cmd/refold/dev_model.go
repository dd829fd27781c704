package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
)

// readModel is all that the pipelines maintain: tables in SQLite and, of a
// pipeline without any, its state.
type readModel []modelTable

// modelTable is a table; its rows are found by their primary keys.
type modelTable struct {
	name    string
	columns []string
	key     []string
	rows    map[string]modelRow
}

// modelRow is a row by column.
type modelRow map[string]any

// readModels reads what an engine's pipelines have made.
func readModels(ctx context.Context, dir datadir.Dir, e *engine.Engine, pipelines []config.Pipeline) (readModel, error) {
	var m readModel
	for _, p := range pipelines {
		inTables := false
		for _, x := range p.Executors {
			s := x.Innermost().SQLite
			if s == nil {
				continue
			}
			inTables = true
			tables, err := readTables(ctx, dir.Resolve(s.Path), s.Tables)
			if err != nil {
				return nil, err
			}
			for _, t := range tables {
				if m.table(t.name).name != "" { // in another file
					t.name = p.Name + "." + t.name
				}
				m = append(m, t)
			}
		}
		if inTables {
			continue
		}
		if state, err := e.State(ctx, p.Name, nil); err == nil { // else it has none to show
			m = append(m, stateTable(p.Name, state))
		}
	}
	return m, nil
}

func readTables(ctx context.Context, path string, tables []config.Table) (m []modelTable, err error) {
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: "mode=ro"}).String())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, spec := range tables {
		t := modelTable{name: spec.Name, key: spec.PrimaryKey, rows: map[string]modelRow{}}
		for _, column := range spec.Columns {
			t.columns = append(t.columns, column.Name)
		}
		if err := t.read(ctx, db); err != nil {
			return nil, fmt.Errorf("reading table %s: %w", t.name, err)
		}
		m = append(m, t)
	}
	return m, nil
}

// read reads all rows. The names have been validated: they need no quotes but
// for being words of SQL.
func (t *modelTable) read(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, fmt.Sprintf(`select "%s" from "%s"`, strings.Join(t.columns, `", "`), t.name))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		values, into := make([]any, len(t.columns)), make([]any, len(t.columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row := modelRow{}
		for i, name := range t.columns {
			row[name] = values[i]
		}
		t.rows[jsonText(row.values(t.key))] = row
	}
	return rows.Err()
}

// stateTable is a state as a table: its members by key.
func stateTable(pipeline string, state json.RawMessage) modelTable {
	t := modelTable{name: pipeline, columns: []string{"key", "state"}, key: []string{"key"}, rows: map[string]modelRow{}}
	var members map[string]json.RawMessage
	if json.Unmarshal(state, &members) != nil {
		members = map[string]json.RawMessage{"": state}
	}
	for key, value := range members {
		t.rows[jsonText([]any{key})] = modelRow{"key": key, "state": value}
	}
	return t
}

func (r modelRow) values(columns []string) []any {
	list := make([]any, len(columns))
	for i, name := range columns {
		list[i] = r[name]
	}
	return list
}

// change says what became of a row.
type change string

const (
	added   change = "added"
	removed change = "removed"
	altered change = "changed"
)

func (c change) sign() string { return map[change]string{added: "+", removed: "-", altered: "~"}[c] }

func (c change) colour() colour {
	return map[change]colour{added: green, removed: red, altered: yellow}[c]
}

// rowChange is a row that a read model has, and the one before had not, or had
// otherwise.
type rowChange struct {
	Table  string   `json:"table"`
	Change change   `json:"change"`
	Before modelRow `json:"before,omitempty"`
	After  modelRow `json:"after,omitempty"`

	columns, key []string
}

// since lists what is not as it was, by table and by key.
func (m readModel) since(before readModel) []rowChange {
	list := []rowChange{}
	for _, t := range m {
		list = append(list, t.since(before.table(t.name))...)
	}
	for _, old := range before {
		if m.table(old.name).name == "" {
			gone := modelTable{name: old.name, columns: old.columns, key: old.key}
			list = append(list, gone.since(old)...)
		}
	}
	return list
}

// table finds a table; the zero table is empty.
func (m readModel) table(name string) modelTable {
	if i := slices.IndexFunc(m, func(t modelTable) bool { return t.name == name }); i >= 0 {
		return m[i]
	}
	return modelTable{}
}

func (t modelTable) since(old modelTable) (list []rowChange) {
	columns := slices.Clone(t.columns)
	for _, name := range old.columns {
		if !slices.Contains(columns, name) {
			columns = append(columns, name)
		}
	}
	keys := maps.Clone(t.rows)
	if keys == nil {
		keys = map[string]modelRow{}
	}
	maps.Copy(keys, old.rows)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		c := rowChange{Table: t.name, Change: altered, Before: old.rows[key], After: t.rows[key], columns: columns, key: t.key}
		switch {
		case c.Before == nil:
			c.Change = added
		case c.After == nil:
			c.Change = removed
		case reflect.DeepEqual(c.Before, c.After):
			continue
		}
		list = append(list, c)
	}
	return list
}

// String is the row, or of a changed one the key and what differs.
func (c rowChange) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s %s", c.Change.sign(), c.Table)
	for _, name := range c.columns {
		before, had := c.Before[name]
		after, has := c.After[name]
		switch {
		case c.Change != altered && (has || had):
			fmt.Fprintf(&b, "  %s=%s", name, jsonText(c.only()[name]))
		case c.Change == altered && slices.Contains(c.key, name):
			fmt.Fprintf(&b, "  %s=%s", name, jsonText(after))
		case c.Change == altered && (had != has || !reflect.DeepEqual(before, after)):
			fmt.Fprintf(&b, "  %s: %s → %s", name, cellText(before, had), cellText(after, has))
		}
	}
	return b.String()
}

// only is the row that is there, of one that was added or removed.
func (c rowChange) only() modelRow {
	if c.After != nil {
		return c.After
	}
	return c.Before
}

func cellText(value any, there bool) string {
	if !there {
		return "(none)"
	}
	return jsonText(value)
}

// jsonText is a value as JSON: a text in quotes, bytes in base64.
func jsonText(v any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
