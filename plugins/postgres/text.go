package postgres

import (
	"fmt"
	"strings"

	"github.com/refold-dev/refold/plugins/rows"
)

// text is the statement of a group. Its parameters are arrays, one for each column,
// which unnest makes the rows u of.
func (t *table) text(g *group) string {
	from := t.unnested(g.places)
	switch g.operation {
	case rows.Put:
		return fmt.Sprintf("INSERT INTO %s (%s) SELECT * FROM %s ON CONFLICT (%s) DO %s",
			t.stored, strings.Join(t.quoted(g.places), ", "), from, rows.QuoteAll(t.Table.PrimaryKey), t.replacement(g.places))
	case rows.Remove:
		return fmt.Sprintf("DELETE FROM %s AS t USING %s WHERE %s", t.stored, from, t.sameKey("t", "u"))
	}
	return fmt.Sprintf("UPDATE %s AS t SET %s FROM %s WHERE %s",
		t.stored, strings.Join(t.assignments(g.places, "u"), ", "), from, t.sameKey("t", "u"))
}

// unnested has the columns at the places, under their names.
func (t *table) unnested(places []int) string {
	return fmt.Sprintf("unnest(%s) AS u(%s)", parameters(len(places)), strings.Join(t.quoted(places), ", "))
}

// parameters are the first n.
func parameters(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("$%d", i+1)
	}
	return strings.Join(list, ", ")
}

func (t *table) quoted(places []int) []string {
	names := make([]string, len(places))
	for n, i := range places {
		names[n] = rows.Quote(t.Table.Columns[i].Name)
	}
	return names
}

// replacement is what becomes of a row that is there already.
func (t *table) replacement(places []int) string {
	sets := t.assignments(places, "excluded")
	if len(sets) == 0 {
		return "NOTHING"
	}
	return "UPDATE SET " + strings.Join(sets, ", ")
}

// assignments take the columns that are not of the key from another row.
func (t *table) assignments(places []int, from string) (sets []string) {
	for _, i := range places {
		if !t.InKey[i] {
			name := rows.Quote(t.Table.Columns[i].Name)
			sets = append(sets, fmt.Sprintf("%s = %s.%[1]s", name, from))
		}
	}
	return sets
}

// sameKey compares the keys of two rows.
func (t *table) sameKey(a, b string) string {
	var all []string
	for _, name := range t.Table.PrimaryKey {
		all = append(all, fmt.Sprintf("%s.%s = %s.%[2]s", a, rows.Quote(name), b))
	}
	return strings.Join(all, " AND ")
}
