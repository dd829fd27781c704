package cluster

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// MissingError says that no server can be run here, and why.
type MissingError struct{ Reason string }

func (e *MissingError) Error() string { return "no PostgreSQL server can be run here: " + e.Reason }

// packaged is where distributions keep a server's programs, out of PATH.
var packaged = []string{"/usr/lib/postgresql/*/bin/initdb", "/usr/pgsql-*/bin/initdb", "/opt/homebrew/opt/postgresql@*/bin/initdb"}

// binaries finds the folder of a server's programs: that of PATH, or else that of
// the latest version.
func binaries() (dir string, err error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	var found []string
	for _, pattern := range packaged {
		list, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		found = append(found, list...)
	}
	if len(found) == 0 {
		return "", &MissingError{"initdb is neither in PATH nor where packages put it; install postgresql"}
	}
	latest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(latest), nil
}

var digits = regexp.MustCompile(`\d+`)

// version is the number in a path such as /usr/lib/postgresql/15/bin/initdb.
func version(path string) int {
	n, _ := strconv.Atoi(digits.FindString(filepath.Base(filepath.Dir(filepath.Dir(path)))))
	return n
}
