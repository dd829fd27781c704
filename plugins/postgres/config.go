package postgres

import (
	"time"

	"github.com/refold-dev/refold/plugins/rows"
)

// Config says in which database an executor keeps which tables.
type Config struct {
	// URL is that of the database: postgres://USER:PASSWORD@HOST:PORT/DATABASE. What
	// it leaves out comes from where psql looks for it. A server that is not on this
	// machine has to show a certificate, unless the parameter sslmode says otherwise.
	URL string
	// Schema is where the tables are; it is created when missing. Empty means the
	// first one of the role's search_path.
	Schema string
	// ExistingTables says that the tables are there, made by the user's migrations.
	ExistingTables bool
	// LockTimeout is how long to wait for somebody who has locked a table; 0 means
	// 30 seconds.
	LockTimeout time.Duration
	// Tables are what effects may write to, by name.
	Tables []rows.Table
	// Queries has Query effects answered; nil leaves them to others.
	Queries *rows.Queries
}

const defaultLockTimeout = 30 * time.Second

// Validate checks the configuration without I/O, but for the URL, which Open does.
// Its error is a [rows.ConfigError].
func (c *Config) Validate() error {
	if c.LockTimeout < 0 {
		return &rows.ConfigError{Field: "lock_timeout", Reason: "is negative"}
	}
	if len(c.Schema) > maxName {
		return &rows.ConfigError{Field: "schema", Reason: "is longer than 63 bytes"}
	}
	if c.Queries != nil {
		if err := c.Queries.Validate(); err != nil {
			return err
		}
	}
	return rows.Validate(c.Tables, &dialect)
}

// maxName is how much of a name the server keeps.
const maxName = 63
