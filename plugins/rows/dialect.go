package rows

import "time"

// Dialect is what a database can hold, and the Go form in which it takes it.
type Dialect struct {
	// TableName and Column bound the length of names, Columns the number of
	// columns of a table, KeyColumns those of a primary key.
	TableName, Columns, KeyColumns int
	// KeyBytes bounds the size of a row's key; 0 means any.
	KeyBytes int
	// Prefix begins the names of the database's own tables; empty means none do.
	Prefix string
	// SystemColumns are names that no column can have.
	SystemColumns []string

	// Text says why the database cannot hold a text; nil means it holds any.
	Text func(text string) (reason string)
	// Boolean is the form of a truth value.
	Boolean func(b bool) any
	// Time is the form of a time in UTC, and whether that tells it apart from all
	// others: what is part of a key must.
	Time func(at time.Time) (form any, exact bool)
}
