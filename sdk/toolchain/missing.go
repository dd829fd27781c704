package toolchain

import (
	"fmt"
	"os/exec"

	"github.com/refold-dev/refold/sdk/language"
)

// MissingError is a tool that a language's projects need and that is not
// installed.
type MissingError struct {
	Tool     string
	Language language.Language
	Install  string // what to do, in the imperative
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is not installed; projections in %s are built with it", e.Tool, e.Language.Title())
}

// find returns a tool's path, or a *MissingError.
func find(tool string, lang language.Language, install string) (string, error) {
	path, err := exec.LookPath(tool)
	if err != nil {
		return "", &MissingError{tool, lang, install}
	}
	return path, nil
}
