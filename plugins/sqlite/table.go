package sqlite

import "github.com/refold-dev/refold/plugins/rows"

// table is a declared table in the file.
type table struct {
	*rows.Writes
	// stored is the table's name in the file.
	stored     string
	statements statements
}

func tablesOf(m *rows.Model) []*table {
	var all []*table
	for _, w := range m.Tables {
		all = append(all, &table{Writes: w})
	}
	return all
}
