package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// assemblyScriptPackage is the kit's name in an import.
const assemblyScriptPackage = "@refold-dev/assemblyscript"

// BuildAssemblyScript builds the AssemblyScript guest in the file source with the
// kit in the folder kit, and returns the module's path. options are for the compiler.
func BuildAssemblyScript(t testing.TB, kit, source string, options ...string) string {
	t.Helper()
	asc := needAsc(t)
	sources, err := filepath.Glob(filepath.Join(kit, "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	inner, err := filepath.Glob(filepath.Join(kit, "src", "*.ts"))
	if err != nil {
		t.Fatal(err)
	}
	sources = append(append(sources, inner...), source)
	see(t, sources...)
	version, packages := ascVersion(t, asc)
	if len(packages) < 2 { // nobody says what compiles
		return buildAssemblyScript(t, asc, kit, source, options)
	}
	return kept(t, recipe{version, options, append(packages, sources...)}, func() string { return buildAssemblyScript(t, asc, kit, source, options) })
}

// ascVersion is the version of what runs the compiler, and the files that say the
// compiler's own and that of the code generator behind it.
func ascVersion(t testing.TB, asc string) (node string, packages []string) {
	t.Helper()
	version, err := exec.Command("node", "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.EvalSymlinks(asc) // node_modules/assemblyscript/bin/asc.js
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Dir(filepath.Dir(script))
	for _, path := range []string{filepath.Join(home, "package.json"), filepath.Join(home, "..", "binaryen", "package.json")} {
		if _, err := os.Stat(path); err == nil {
			packages = append(packages, path)
		}
	}
	return string(version) + script, packages
}

func buildAssemblyScript(t testing.TB, asc, kit, source string, options []string) string {
	t.Helper()
	dir := t.TempDir()
	install(t, kit, dir)
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"guest.ts":      string(text),
		"asconfig.json": `{"extends": "` + assemblyScriptPackage + `/asconfig.json"}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, exec.Command(asc, append([]string{"guest.ts", "--outFile", "guest.wasm"}, options...)...), dir)
	return filepath.Join(dir, "guest.wasm")
}

// install puts the kit where npm would, in a guest's folder.
func install(t testing.TB, kit, dir string) {
	t.Helper()
	absolute, err := filepath.Abs(kit)
	if err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(dir, "node_modules", assemblyScriptPackage)
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(absolute, place); err != nil {
		t.Fatal(err)
	}
}

// needAsc finds the compiler: on the path, or where tools.sh puts packages of npm.
func needAsc(t testing.TB) string {
	t.Helper()
	if path, err := exec.LookPath("asc"); err == nil {
		return path
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	asc := filepath.Join(cache, "refold-tools", "node_modules", ".bin", "asc")
	if _, err := os.Stat(asc); err != nil {
		lacks(t, "asc, the AssemblyScript compiler,")
	}
	need(t, "node")
	return asc
}
