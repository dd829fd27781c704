package sqlite

import (
	"time"

	"github.com/refold-dev/refold/plugins/rows"
)

// Config says which file an executor writes and which tables it keeps there.
type Config struct {
	// Path is the database file. Its folder and the file are created when
	// missing, readable by their owner only.
	Path string
	// BusyTimeout is how long to wait for another writer of the same file; 0
	// means five seconds.
	BusyTimeout time.Duration
	// Tables are what effects may write to, by name.
	Tables []rows.Table
	// Queries has Query effects answered; nil leaves them to others.
	Queries *rows.Queries
}

const defaultBusyTimeout = 5 * time.Second

// Validate checks the configuration without I/O. Its error is a
// [rows.ConfigError].
func (c *Config) Validate() error {
	if c.Path == "" {
		return &rows.ConfigError{Field: "path", Reason: "is missing"}
	}
	if c.BusyTimeout < 0 {
		return &rows.ConfigError{Field: "busy_timeout", Reason: "is negative"}
	}
	if c.Queries != nil {
		if err := c.Queries.Validate(); err != nil {
			return err
		}
	}
	return rows.Validate(c.Tables, &dialect)
}
