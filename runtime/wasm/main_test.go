package wasm

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// built is where TestMain puts the guests and the cache that all tests share.
var built struct {
	dir      string
	clangErr error
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "refold-wasm-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	built.dir = dir
	if err := buildGo(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	built.clangErr = errors.Join(buildC("table", "table"), buildC("scan", "scan"), buildC("scan", "scan_unmarked", "-DUNMARKED"),
		buildC("toil", "toil"), buildC("toil", "toil_stateless", "-DSTATELESS"), buildC("toil", "toil_long", "-DROUNDS=40"), buildC("zones", "zones"),
		buildC("handlers", "handlers", "-mreference-types", "-Wl,--growable-table"))
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func buildGo() error {
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-o", goGuest(), "./testdata/tally")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	return output(cmd)
}

func buildC(source, name string, flags ...string) error {
	return output(exec.Command("clang", append(flags, "--target=wasm32", "-O2", "-nostdlib", "-Wall", "-Werror", "-mbulk-memory", "-I../../sdk/c", "-Wl,--no-entry",
		"-o", filepath.Join(built.dir, name+".wasm"), "testdata/"+source+".c")...))
}

func output(cmd *exec.Cmd) error {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out.Bytes())
	}
	return nil
}

func goGuest() string { return filepath.Join(built.dir, "tally.wasm") }

// cGuest skips the test where there is no clang, but never in CI.
func cGuest(t testing.TB) string { return cGuestNamed(t, "table") }

func cGuestNamed(t testing.TB, name string) string {
	t.Helper()
	if built.clangErr != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the C guest does not build: %v", built.clangErr)
		}
		t.Skipf("SKIPPED, NOT TESTED: the C guest does not build: %v", built.clangErr)
	}
	for _, dir := range []string{"testdata", "../../sdk/c"} {
		if _, err := os.ReadDir(dir); err != nil { // go test caches results, and sees what this process looks at
			t.Fatal(err)
		}
	}
	return filepath.Join(built.dir, name+".wasm")
}
