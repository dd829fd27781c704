package rows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/refold-dev/refold/domain/event"
)

// ConfigError is a mistake in an executor's configuration.
type ConfigError struct {
	// Field leads to the place, such as "tables[0].columns[2].type".
	Field string
	// Table and Column name what it is about, where it is about one.
	Table, Column string
	Reason        string
}

func (e *ConfigError) Error() string {
	return join(e.Field, subject(e.Table, e.Column), e.Reason)
}

// in is the mistake at a field below e.
func (e ConfigError) in(field, reason string) *ConfigError {
	e.Field += "." + field
	e.Reason = reason
	return &e
}

// RowError condemns one effect: it does not fit the table it names, and never
// will. Nothing of its batch has been written.
type RowError struct {
	// Position and Ordinal identify the effect within its pipeline.
	Position event.Position
	Ordinal  uint32
	// Table is what the effect names; Column is empty if it is about the
	// whole row.
	Table, Column string
	Reason        string
}

func (e *RowError) Error() string {
	return join(fmt.Sprintf("effect %d of event %d", e.Ordinal, e.Position), subject(e.Table, e.Column), e.Reason)
}

// Poison is the effect that is to blame, for a caller that parks it.
func (e *RowError) Poison() (cause event.Position, ordinal uint32) { return e.Position, e.Ordinal }

// TableError says that the database holds something else under a declared table's
// name than the declaration wants.
type TableError struct {
	Table, Column string
	// Owner is the other pipeline that the table belongs to, if that is what
	// is wrong.
	Owner  string
	Reason string
}

func (e *TableError) Error() string {
	return join(subject(e.Table, e.Column), e.Reason)
}

// subject names what an error is about: a table, a column of it, or nothing.
// Effects name things as they please, so the names are cut short.
func subject(table, column string) string {
	switch {
	case table == "":
		return ""
	case column == "":
		return fmt.Sprintf("table %.64q", table)
	}
	return fmt.Sprintf("table %.64q, column %.64q", table, column)
}

// join puts a colon between the parts of a message that are there.
func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ": ")
}
