package rows

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxName is what every database can name.
const maxName = 63

// checkName returns what is wrong with an identifier, or nothing.
func checkName(name string, longest int) string {
	switch {
	case name == "":
		return "is missing"
	case len(name) > longest:
		return fmt.Sprintf("is longer than %d characters", longest)
	case strings.ContainsFunc(name, notInName) || name[0] >= '0' && name[0] <= '9':
		return "is not of the form [a-z_][a-z0-9_]*"
	case strings.HasPrefix(name, "_refold"):
		return "begins with _refold, which is reserved"
	}
	return ""
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_'
}

// checkTable also keeps declared names apart from the database's own and from
// those of built tables.
func (d *Dialect) checkTable(name string) string {
	if reason := checkName(name, d.TableName); reason != "" {
		return reason
	}
	if d.Prefix != "" && strings.HasPrefix(name, d.Prefix) {
		return fmt.Sprintf("begins with %s, which is reserved", d.Prefix)
	}
	if built, _ := regexp.MatchString(`__g[0-9]`, name); built {
		return "holds __g and a digit, which is reserved for tables under construction"
	}
	return ""
}

func (d *Dialect) checkColumn(name string) string {
	if slices.Contains(d.SystemColumns, name) {
		return "is the name of a column that the database has itself"
	}
	return checkName(name, maxName)
}

// Built is the name of a declared table's build in a generation.
func Built(table string, generation int64) string {
	return fmt.Sprintf("%s__g%d", table, generation)
}

// Quote makes a name, which has been validated, one that is no word of SQL.
func Quote(name string) string { return `"` + name + `"` }

// QuoteAll is a list of names.
func QuoteAll(names []string) string { return `"` + strings.Join(names, `", "`) + `"` }
