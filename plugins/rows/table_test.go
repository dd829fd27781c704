package rows

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mistake is an edit of good declarations and the error it makes, if any.
type mistake struct {
	name string
	edit func([]Table)
	want *ConfigError
}

func checkMistakes(t *testing.T, mistakes []mistake) {
	t.Helper()
	for _, c := range mistakes {
		t.Run(c.name, func(t *testing.T) {
			tables := ledger()
			c.edit(tables)
			var got *ConfigError
			if err := Validate(tables, &plain); err != nil && !errors.As(err, &got) {
				t.Fatalf("got error %v of type %T", err, err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestValidateNames(t *testing.T) {
	checkMistakes(t, []mistake{
		{"good", func([]Table) {}, nil},
		{"a word of SQL is a fine name", func(c []Table) { c[0].Name = "select" }, nil},
		{"table twice", func(c []Table) { c[1].Name = "accounts" },
			&ConfigError{Field: "tables[1].name", Table: "accounts", Reason: "is declared twice"}},
		{"table without name", func(c []Table) { c[1].Name = "" },
			&ConfigError{Field: "tables[1].name", Reason: "is missing"}},
		{"quote in a name", func(c []Table) { c[0].Name = `a"; DROP TABLE b; --` },
			&ConfigError{Field: "tables[0].name", Table: `a"; DROP TABLE b; --`, Reason: "is not of the form [a-z_][a-z0-9_]*"}},
		{"capital", func(c []Table) { c[0].Name = "Accounts" },
			&ConfigError{Field: "tables[0].name", Table: "Accounts", Reason: "is not of the form [a-z_][a-z0-9_]*"}},
		{"digit first", func(c []Table) { c[0].Columns[1].Name = "1st" },
			&ConfigError{Field: "tables[0].columns[1].name", Table: "accounts", Column: "1st", Reason: "is not of the form [a-z_][a-z0-9_]*"}},
		{"ours", func(c []Table) { c[0].Name = "_refold_tables" },
			&ConfigError{Field: "tables[0].name", Table: "_refold_tables", Reason: "begins with _refold, which is reserved"}},
		{"SQLite's", func(c []Table) { c[0].Name = "sqlite_master" },
			&ConfigError{Field: "tables[0].name", Table: "sqlite_master", Reason: "begins with sqlite_, which is reserved"}},
		{"like one under construction", func(c []Table) { c[0].Name = "accounts__g2" },
			&ConfigError{Field: "tables[0].name", Table: "accounts__g2", Reason: "holds __g and a digit, which is reserved for tables under construction"}},
		{"long", func(c []Table) { c[0].Columns[0].Name = strings.Repeat("a", 64) },
			&ConfigError{Field: "tables[0].columns[0].name", Table: "accounts", Column: strings.Repeat("a", 64), Reason: "is longer than 63 characters"}},
	})
}

func TestValidateTables(t *testing.T) {
	checkMistakes(t, []mistake{
		{"no columns", func(c []Table) { c[0].Columns = nil },
			&ConfigError{Field: "tables[0].columns", Table: "accounts", Reason: "is empty: declare at least one column"}},
		{"too many columns", func(c []Table) { c[0].Columns = make([]Column, 2001) },
			&ConfigError{Field: "tables[0].columns", Table: "accounts", Reason: "has more than 2000 columns"}},
		{"column twice", func(c []Table) { c[0].Columns[2].Name = "owner" },
			&ConfigError{Field: "tables[0].columns[2].name", Table: "accounts", Column: "owner", Reason: "is declared twice"}},
		{"unknown type", func(c []Table) { c[0].Columns[2].Type = "varchar" },
			&ConfigError{Field: "tables[0].columns[2].type", Table: "accounts", Column: "balance",
				Reason: `"varchar" is not one of text, integer, real, boolean, blob, json, time`}},
		{"no key", func(c []Table) { c[0].PrimaryKey = nil },
			&ConfigError{Field: "tables[0].primary_key", Table: "accounts", Reason: "is empty: name at least one column"}},
		{"key is no column", func(c []Table) { c[0].PrimaryKey = []string{"no"} },
			&ConfigError{Field: "tables[0].primary_key[0]", Table: "accounts", Column: "no", Reason: "is not a column of the table"}},
		{"key column twice", func(c []Table) { c[1].PrimaryKey = []string{"seq", "seq"} },
			&ConfigError{Field: "tables[1].primary_key[1]", Table: "entries", Column: "seq", Reason: "is named twice"}},
		{"key of floats", func(c []Table) { c[0].Columns[0].Type = Real },
			&ConfigError{Field: "tables[0].primary_key[0]", Table: "accounts", Column: "id", Reason: "is of type real, which does not identify a row"}},
		{"index is empty", func(c []Table) { c[0].Indexes = [][]string{{}} },
			&ConfigError{Field: "tables[0].indexes[0]", Table: "accounts", Reason: "is empty: name at least one column"}},
		{"index of no column", func(c []Table) { c[0].Indexes = [][]string{{"owner"}, {"no"}} },
			&ConfigError{Field: "tables[0].indexes[1][0]", Table: "accounts", Column: "no", Reason: "is not a column of the table"}},
		{"index twice", func(c []Table) { c[0].Indexes = [][]string{{"owner"}, {"owner"}} },
			&ConfigError{Field: "tables[0].indexes[1]", Table: "accounts", Reason: "is declared twice"}},
	})
}

func TestConfigErrorText(t *testing.T) {
	tables := ledger()
	tables[0].Columns[2].Type = "money"
	want := `tables[0].columns[2].type: table "accounts", column "balance": "money" is not one of text, integer, real, boolean, blob, json, time`
	if got := Validate(tables, &plain).Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestValidateNoTables(t *testing.T) {
	want := `tables: is empty: declare at least one table`
	if err := Validate(nil, &plain); err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

// The bounds are the dialect's.
func TestValidateDialect(t *testing.T) {
	tight := plain
	tight.TableName, tight.KeyColumns, tight.SystemColumns = 7, 1, []string{"xmin"}
	for want, edit := range map[string]func([]Table){
		"is longer than 7 characters":  func(c []Table) { c[1].Name = "c" },
		"has more than 1 columns":      func(c []Table) { c[0].Name = "a" },
		"that the database has itself": func(c []Table) { c[0].Name, c[1].Name, c[0].Columns[1].Name = "a", "b", "xmin" },
	} {
		tables := ledger()
		edit(tables)
		if err := Validate(tables, &tight); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}

func ledger() []Table {
	return []Table{
		{
			Name:       "accounts",
			Columns:    []Column{{"id", Text}, {"owner", Text}, {"balance", Integer}},
			PrimaryKey: []string{"id"},
			Indexes:    [][]string{{"owner"}, {"owner", "balance"}},
		},
		{
			Name:       "entries",
			Columns:    []Column{{"account", Text}, {"seq", Integer}, {"amount", Integer}},
			PrimaryKey: []string{"account", "seq"},
		},
	}
}
