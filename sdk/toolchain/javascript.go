package toolchain

import (
	"fmt"
)

// script is the one script of a JavaScript project, which is its module.
func script(dir string) (string, error) {
	scripts, err := glob(dir, "*.js")
	if err == nil && len(scripts) != 1 {
		err = fmt.Errorf("%s has %d *.js files; a projection is one", dir, len(scripts))
	}
	if err != nil {
		return "", err
	}
	return scripts[0], nil
}
