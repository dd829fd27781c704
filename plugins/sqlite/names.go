package sqlite

import (
	"fmt"
	"regexp"
	"strings"
)

// maxName keeps names usable in other databases too.
const maxName = 63

// checkName returns what is wrong with an identifier, or nothing.
func checkName(name string) string {
	switch {
	case name == "":
		return "is missing"
	case len(name) > maxName:
		return fmt.Sprintf("is longer than %d characters", maxName)
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

// checkTableName also keeps declared names apart from SQLite's own and from
// those of tables under construction.
func checkTableName(name string) string {
	if reason := checkName(name); reason != "" {
		return reason
	}
	if strings.HasPrefix(name, "sqlite_") {
		return "begins with sqlite_, which is reserved"
	}
	if built, _ := regexp.MatchString(`__g[0-9]`, name); built {
		return "holds __g and a digit, which is reserved for tables under construction"
	}
	return ""
}
