package toolchain

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"

	"github.com/refold-dev/refold/sdk/language"
)

const (
	installAsc  = "install it in the project's folder: npm install (on Debian: apt install npm, first)"
	installNode = "on Debian: apt install nodejs npm (elsewhere: https://nodejs.org), then in the project's folder: npm install"
)

// assemblyScriptName is the package's, without its scope.
func assemblyScriptName(dir string) (string, error) {
	file := filepath.Join(dir, "package.json")
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("looking for the project's name: %w", err)
	}
	var p struct{ Name string }
	if err := json.Unmarshal(text, &p); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	if p.Name == "" {
		return "", fmt.Errorf("%s has no name", file)
	}
	return path.Base(p.Name), nil
}

// compileAssemblyScript leaves all but the module's path to asconfig.json.
func compileAssemblyScript(ctx context.Context, r *runner, dir, out string) error {
	if _, err := find("node", language.AssemblyScript, installNode); err != nil {
		return err
	}
	asc, err := findAsc(dir)
	if err != nil {
		return err
	}
	return r.run(ctx, dir, nil, asc, "--outFile", out)
}

// findAsc finds the compiler as npm would: in the folder, in one above it, or in
// PATH. npx is not asked: it would fetch what is not there.
func findAsc(dir string) (string, error) {
	for at, err := filepath.Abs(dir); err == nil; at = filepath.Dir(at) {
		asc := filepath.Join(at, "node_modules", ".bin", "asc")
		if path, err := exec.LookPath(asc); err == nil {
			return path, nil
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	return find("asc", language.AssemblyScript, installAsc)
}
