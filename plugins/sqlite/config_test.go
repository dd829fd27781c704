package sqlite_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/plugins/sqlite"
)

// mistake is an edit of a good configuration and the error it makes, if any.
type mistake struct {
	name string
	edit func(*sqlite.Config)
	want *sqlite.ConfigError
}

func checkMistakes(t *testing.T, mistakes []mistake) {
	t.Helper()
	for _, c := range mistakes {
		t.Run(c.name, func(t *testing.T) {
			cfg := ledgerConfig("read.db")
			c.edit(&cfg)
			var got *sqlite.ConfigError
			if err := cfg.Validate(); err != nil && !errors.As(err, &got) {
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
		{"good", func(*sqlite.Config) {}, nil},
		{"a word of SQL is a fine name", func(c *sqlite.Config) { c.Tables[0].Name = "select" }, nil},
		{"no path", func(c *sqlite.Config) { c.Path = "" },
			&sqlite.ConfigError{Field: "path", Reason: "is missing"}},
		{"negative timeout", func(c *sqlite.Config) { c.BusyTimeout = -1 },
			&sqlite.ConfigError{Field: "busy_timeout", Reason: "is negative"}},
		{"no tables", func(c *sqlite.Config) { c.Tables = nil },
			&sqlite.ConfigError{Field: "tables", Reason: "is empty: declare at least one table"}},
		{"table twice", func(c *sqlite.Config) { c.Tables[1].Name = "accounts" },
			&sqlite.ConfigError{Field: "tables[1].name", Table: "accounts", Reason: "is declared twice"}},
		{"table without name", func(c *sqlite.Config) { c.Tables[1].Name = "" },
			&sqlite.ConfigError{Field: "tables[1].name", Reason: "is missing"}},
		{"quote in a name", func(c *sqlite.Config) { c.Tables[0].Name = `a"; DROP TABLE b; --` },
			&sqlite.ConfigError{Field: "tables[0].name", Table: `a"; DROP TABLE b; --`, Reason: "is not of the form [a-z_][a-z0-9_]*"}},
		{"capital", func(c *sqlite.Config) { c.Tables[0].Name = "Accounts" },
			&sqlite.ConfigError{Field: "tables[0].name", Table: "Accounts", Reason: "is not of the form [a-z_][a-z0-9_]*"}},
		{"digit first", func(c *sqlite.Config) { c.Tables[0].Columns[1].Name = "1st" },
			&sqlite.ConfigError{Field: "tables[0].columns[1].name", Table: "accounts", Column: "1st", Reason: "is not of the form [a-z_][a-z0-9_]*"}},
		{"ours", func(c *sqlite.Config) { c.Tables[0].Name = "_refold_tables" },
			&sqlite.ConfigError{Field: "tables[0].name", Table: "_refold_tables", Reason: "begins with _refold, which is reserved"}},
		{"SQLite's", func(c *sqlite.Config) { c.Tables[0].Name = "sqlite_master" },
			&sqlite.ConfigError{Field: "tables[0].name", Table: "sqlite_master", Reason: "begins with sqlite_, which is reserved"}},
		{"like one under construction", func(c *sqlite.Config) { c.Tables[0].Name = "accounts__g2" },
			&sqlite.ConfigError{Field: "tables[0].name", Table: "accounts__g2", Reason: "holds __g and a digit, which is reserved for tables under construction"}},
		{"long", func(c *sqlite.Config) { c.Tables[0].Columns[0].Name = strings.Repeat("a", 64) },
			&sqlite.ConfigError{Field: "tables[0].columns[0].name", Table: "accounts", Column: strings.Repeat("a", 64), Reason: "is longer than 63 characters"}},
	})
}

func TestValidateTables(t *testing.T) {
	checkMistakes(t, []mistake{
		{"no columns", func(c *sqlite.Config) { c.Tables[0].Columns = nil },
			&sqlite.ConfigError{Field: "tables[0].columns", Table: "accounts", Reason: "is empty: declare at least one column"}},
		{"too many columns", func(c *sqlite.Config) { c.Tables[0].Columns = make([]sqlite.Column, 2001) },
			&sqlite.ConfigError{Field: "tables[0].columns", Table: "accounts", Reason: "has more than 2000 columns"}},
		{"column twice", func(c *sqlite.Config) { c.Tables[0].Columns[2].Name = "owner" },
			&sqlite.ConfigError{Field: "tables[0].columns[2].name", Table: "accounts", Column: "owner", Reason: "is declared twice"}},
		{"unknown type", func(c *sqlite.Config) { c.Tables[0].Columns[2].Type = "varchar" },
			&sqlite.ConfigError{Field: "tables[0].columns[2].type", Table: "accounts", Column: "balance",
				Reason: `"varchar" is not one of text, integer, real, boolean, blob, json, time`}},
		{"no key", func(c *sqlite.Config) { c.Tables[0].PrimaryKey = nil },
			&sqlite.ConfigError{Field: "tables[0].primary_key", Table: "accounts", Reason: "is empty: name at least one column"}},
		{"key is no column", func(c *sqlite.Config) { c.Tables[0].PrimaryKey = []string{"no"} },
			&sqlite.ConfigError{Field: "tables[0].primary_key[0]", Table: "accounts", Column: "no", Reason: "is not a column of the table"}},
		{"key column twice", func(c *sqlite.Config) { c.Tables[1].PrimaryKey = []string{"seq", "seq"} },
			&sqlite.ConfigError{Field: "tables[1].primary_key[1]", Table: "entries", Column: "seq", Reason: "is named twice"}},
		{"key of floats", func(c *sqlite.Config) { c.Tables[0].Columns[0].Type = sqlite.Real },
			&sqlite.ConfigError{Field: "tables[0].primary_key[0]", Table: "accounts", Column: "id", Reason: "is of type real, which does not identify a row"}},
		{"index is empty", func(c *sqlite.Config) { c.Tables[0].Indexes = [][]string{{}} },
			&sqlite.ConfigError{Field: "tables[0].indexes[0]", Table: "accounts", Reason: "is empty: name at least one column"}},
		{"index of no column", func(c *sqlite.Config) { c.Tables[0].Indexes = [][]string{{"owner"}, {"no"}} },
			&sqlite.ConfigError{Field: "tables[0].indexes[1][0]", Table: "accounts", Column: "no", Reason: "is not a column of the table"}},
		{"index twice", func(c *sqlite.Config) { c.Tables[0].Indexes = [][]string{{"owner"}, {"owner"}} },
			&sqlite.ConfigError{Field: "tables[0].indexes[1]", Table: "accounts", Reason: "is declared twice"}},
	})
}

func TestConfigErrorText(t *testing.T) {
	cfg := ledgerConfig("read.db")
	cfg.Tables[0].Columns[2].Type = "money"
	want := `tables[0].columns[2].type: table "accounts", column "balance": "money" is not one of text, integer, real, boolean, blob, json, time`
	if got := cfg.Validate().Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
