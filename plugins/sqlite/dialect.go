package sqlite

import (
	"time"

	"github.com/refold-dev/refold/plugins/rows"
)

// dialect is SQLite's: texts, integers and floats are what they are, a truth value
// is 1 or 0.
var dialect = rows.Dialect{
	TableName: 63, Columns: 2000, KeyColumns: 2000,
	Prefix:  "sqlite_",
	Boolean: boolean,
	Time:    fixedTime,
}

// storage is the type of a column in the file.
func storage(t rows.Type) string {
	switch t {
	case rows.Integer, rows.Boolean:
		return "INTEGER"
	case rows.Real:
		return "REAL"
	case rows.Blob:
		return "BLOB"
	}
	return "TEXT"
}

func boolean(b bool) any {
	if b {
		return int64(1)
	}
	return int64(0)
}

// fixedTime is a time with nine fractional digits (more are cut off), such as
// 2006-01-02T15:04:05.000000000Z, so that the order of the text is that of time and
// SQLite's date functions read it.
func fixedTime(at time.Time) (form any, exact bool) {
	return at.Format("2006-01-02T15:04:05.000000000Z"), true
}
