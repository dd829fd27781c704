package postgres

import (
	"strings"
	"time"

	"github.com/refold-dev/refold/plugins/rows"
)

// dialect is PostgreSQL's. A table's name leaves room for what is appended to it; a
// key has to fit a third of an index's page.
var dialect = rows.Dialect{
	TableName: 40, Columns: 1600, KeyColumns: 32, KeyBytes: 2400,
	SystemColumns: []string{"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"},
	Text:          heldText,
	Boolean:       func(b bool) any { return b },
	Time:          microseconds,
}

func heldText(text string) (reason string) {
	if strings.IndexByte(text, 0) >= 0 {
		return "has a NUL character, which PostgreSQL cannot hold"
	}
	return ""
}

// epoch is where the server counts time from.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

func microseconds(at time.Time) (form any, exact bool) {
	return at.UnixMicro() - epoch, at.Nanosecond()%1000 == 0
}

// storage is how the server holds a type: the type's name in the tables that
// refold creates and those that a table of the user's may have instead, and the
// numbers of that type and of its array.
type storage struct {
	name    string
	instead []string
	oid     uint32
	array   uint32
}

var storages = map[rows.Type]storage{
	rows.Text:    {"text", []string{"character varying"}, 25, 1009},
	rows.Integer: {"bigint", []string{"integer", "smallint"}, 20, 1016},
	rows.Real:    {"double precision", nil, 701, 1022},
	rows.Boolean: {"boolean", nil, 16, 1000},
	rows.Blob:    {"bytea", nil, 17, 1001},
	rows.JSON:    {"json", []string{"jsonb"}, 114, 199},
	rows.Time:    {"timestamp with time zone", nil, 1184, 1185},
}

// columnType is how a column is declared. Texts are compared byte by byte.
func columnType(t rows.Type) string {
	if t == rows.Text {
		return storages[t].name + ` COLLATE "C"`
	}
	return storages[t].name
}
