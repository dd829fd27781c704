package executortest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
)

// Journal takes effects in their JSON form, as effect.AppendJSON writes it, in the
// order in which they come. Its methods are safe for concurrent use.
type Journal struct {
	mu    sync.Mutex
	lines []told
	seen  map[uuid.UUID]bool
}

// told is an effect as it is told to others.
type told struct {
	ID   uuid.UUID       `json:"id"`
	Kind string          `json:"kind"`
	Name string          `json:"name"`
	Key  string          `json:"key"`
	Body json.RawMessage `json:"body"`
}

// Add takes one effect. What has come before, by its id, it passes over.
func (j *Journal) Add(text []byte) error {
	var one told
	if err := json.Unmarshal(text, &one); err != nil {
		return fmt.Errorf("%q is no effect: %w", text, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.seen[one.ID] {
		return nil
	}
	if j.seen == nil {
		j.seen = map[uuid.UUID]bool{}
	}
	j.seen[one.ID] = true
	j.lines = append(j.lines, one)
	return nil
}

// Performed are the ids of the rows that were inserted into accounts: the marks of
// effects, for a Store without Effect.
func (j *Journal) Performed(t *testing.T) []string {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	var marks []string
	for i := range j.lines {
		if f := &j.lines[i]; f.Kind == "insert" && f.Name == "accounts" {
			marks = append(marks, keyOf(t, "accounts", f.Body))
		}
	}
	return marks
}

// Rows are what a reader of the effects makes of them, for a Store.
func (j *Journal) Rows(t *testing.T, table string) map[string]string {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	rows := map[string]string{}
	for i := range j.lines {
		f := &j.lines[i]
		if f.Name != table {
			continue
		}
		switch f.Kind {
		case "insert":
			rows[keyOf(t, table, f.Body)] = string(f.Body)
		case "update":
			if key := canonical(t, table, f.Key); rows[key] != "" {
				rows[key] = merged(t, rows[key], string(f.Body))
			}
		case "delete":
			delete(rows, canonical(t, table, f.Key))
		}
	}
	for key, row := range rows {
		rows[key] = Complete(t, table, row)
	}
	return rows
}

// columns and keys are those of the tables that the package's comment declares.
var (
	columns = map[string][]string{"accounts": {"id", "owner", "balance"}, "entries": {"account", "seq", "amount"}}
	keys    = map[string][]string{"accounts": {"id"}, "entries": {"account", "seq"}}
)

// Keys are the columns of a table's primary key.
func Keys(table string) []string { return keys[table] }

// Complete is a row, as a JSON object, with null in the declared columns that it
// lacks.
func Complete(t *testing.T, table, row string) string {
	t.Helper()
	all := map[string]json.RawMessage{}
	for _, column := range columns[table] {
		all[column] = json.RawMessage("null")
	}
	if err := json.Unmarshal([]byte(row), &all); err != nil {
		t.Fatalf("a row of %s is %q: %v", table, row, err)
	}
	return text(t, all)
}

func merged(t *testing.T, row, changes string) string {
	t.Helper()
	all := map[string]json.RawMessage{}
	for _, part := range []string{row, changes} {
		if err := json.Unmarshal([]byte(part), &all); err != nil {
			t.Fatalf("a row is %q: %v", part, err)
		}
	}
	return text(t, all)
}

// keyOf is a row's key, written as in effect.Effect.
func keyOf(t *testing.T, table string, row []byte) string {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal(row, &all); err != nil {
		t.Fatalf("a row of %s is %q: %v", table, row, err)
	}
	if len(keys[table]) == 1 {
		var id string
		if err := json.Unmarshal(all[keys[table][0]], &id); err != nil {
			t.Fatalf("a row of %s is %q: %v", table, row, err)
		}
		return id
	}
	var parts []json.RawMessage
	for _, column := range keys[table] {
		parts = append(parts, all[column])
	}
	return text(t, parts)
}

// canonical writes a key of several columns without spaces.
func canonical(t *testing.T, table, key string) string {
	t.Helper()
	if len(keys[table]) == 1 {
		return key
	}
	var out bytes.Buffer
	if err := json.Compact(&out, []byte(key)); err != nil {
		t.Fatalf("a key of %s is %q: %v", table, key, err)
	}
	return out.String()
}

func text(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
