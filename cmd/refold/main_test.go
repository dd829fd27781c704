package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
	"github.com/refold-dev/refold/sdk/conformance"
)

var update = flag.Bool("update", false, "rewrite what the scripts expect")

// guestsEnv names the folder with the guests, built.
const guestsEnv = "REFOLD_TEST_GUESTS"

// guests are where the sources of the guests are: those of an example, one for the
// filters, and one that breaks a law.
var guests = []string{
	"../../examples/git-history/go/commits_by_author", "../../examples/git-history/go/lines_by_dir",
	"./testdata/guests/file_changes", "./testdata/guests/numbered",
}

// watchGuests is for tests whose result depends on the guests.
func watchGuests(t *testing.T) {
	t.Helper()
	for _, source := range guests {
		conformance.Watch(t, source)
	}
}

// TestMain makes this binary the command refold as well: what the tests run is
// a process of its own, which can be killed.
func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){"refold": func() { os.Exit(run()) }, "tally": tallyPlugin, "journal": journalPlugin})
}

// suite runs all tests over guests that are built once, and compiled once.
type suite struct{ *testing.M }

func (s suite) Run() int {
	dir, err := os.MkdirTemp("", "refold-test")
	if err != nil {
		log.Print(err)
		return 1
	}
	defer os.RemoveAll(dir)
	env := map[string]string{
		guestsEnv:      filepath.Join(dir, "guests"),
		"REFOLD_CACHE": filepath.Join(dir, "cache"),
		"GORACE":       "atexit_sleep_ms=10", // or each process ends a second late
	}
	for name, value := range env {
		if err := os.Setenv(name, value); err != nil {
			log.Print(err)
			return 1
		}
	}
	for _, source := range guests {
		if err := buildGuest(source, filepath.Join(env[guestsEnv], filepath.Base(source)+".wasm")); err != nil {
			log.Print(err)
			return 1
		}
	}
	code := s.M.Run()
	if err := postgrestest.Stop(); err != nil {
		log.Print(err)
		return 1
	}
	return code
}

// buildGuest builds a guest and puts its compiled form into the cache, by a
// process without the race detector: compiling takes ten times as long with it.
func buildGuest(source, path string) error {
	build := exec.Command("go", "build", "-trimpath", "-buildmode=c-shared", "-o", path, source)
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the guest %s: %w\n%s", source, err, out)
	}
	config := path + ".yaml"
	text := fmt.Sprintf("pipelines: [{name: warm, projection: {wasm: %q}}]\n", path)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	if out, err := exec.Command("go", "run", "-race=false", ".", "validate", config).CombinedOutput(); err != nil {
		return fmt.Errorf("compiling the guest %s: %w\n%s", source, err, out)
	}
	return nil
}
