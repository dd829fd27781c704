package toolchain

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/refold-dev/refold/sdk/language"
)

const installGo = "install Go 1.26 or newer from https://go.dev/dl (on Debian: apt install golang-go, where that is new enough)"

// majorVersion is the last element of a module path that has no name in it.
var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// goName is the last element of the module path, without its major version.
func goName(dir string) (string, error) {
	file, err := os.Open(filepath.Join(dir, "go.mod"))
	if err != nil {
		return "", err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		module, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "module ")
		if !ok {
			continue
		}
		module, _, _ = strings.Cut(module, "//")
		module = strings.Trim(strings.TrimSpace(module), "\"`")
		if majorVersion.MatchString(path.Base(module)) {
			module = path.Dir(module)
		}
		return path.Base(module), nil
	}
	return "", fmt.Errorf("%s names no module", file.Name())
}

func compileGo(ctx context.Context, r *runner, dir, out string) error {
	goTool, err := find("go", language.Go, installGo)
	if err != nil {
		return err
	}
	return r.run(ctx, dir, []string{"GOOS=wasip1", "GOARCH=wasm"}, goTool, "build", "-trimpath", "-buildmode=c-shared", "-o", out, ".")
}
