package sqlite_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
)

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*sqlite.Config)
		want *rows.ConfigError
	}{
		{"good", func(*sqlite.Config) {}, nil},
		{"no path", func(c *sqlite.Config) { c.Path = "" },
			&rows.ConfigError{Field: "path", Reason: "is missing"}},
		{"negative timeout", func(c *sqlite.Config) { c.BusyTimeout = -1 },
			&rows.ConfigError{Field: "busy_timeout", Reason: "is negative"}},
		{"no tables", func(c *sqlite.Config) { c.Tables = nil },
			&rows.ConfigError{Field: "tables", Reason: "is empty: declare at least one table"}},
		{"SQLite's own table", func(c *sqlite.Config) { c.Tables[0].Name = "sqlite_master" },
			&rows.ConfigError{Field: "tables[0].name", Table: "sqlite_master", Reason: "begins with sqlite_, which is reserved"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := ledgerConfig("read.db")
			c.edit(&cfg)
			var got *rows.ConfigError
			if err := cfg.Validate(); err != nil && !errors.As(err, &got) {
				t.Fatalf("got error %v of type %T", err, err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
