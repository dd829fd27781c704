package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
	"github.com/refold-dev/refold/sdk/conformance"
)

var update = flag.Bool("update", false, "rewrite what the scripts expect")

// guestsEnv names the folder with the guests, built, and plainEnv the command, built
// as users have it: not a test that is one as well.
const (
	guestsEnv = "REFOLD_TEST_GUESTS"
	plainEnv  = "REFOLD_TEST_PLAIN"
)

// testedRelease is the version that the plain command is built with.
const testedRelease = "v0.0.0-tested"

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
	cache, err := conformance.ModulesFolder()
	if err != nil {
		log.Print(err)
		return 1
	}
	env := map[string]string{
		guestsEnv:      filepath.Join(dir, "guests"),
		plainEnv:       filepath.Join(dir, "refold"),
		"REFOLD_CACHE": cache,
		"GORACE":       "atexit_sleep_ms=10", // or each process ends a second late
	}
	for name, value := range env {
		if err := os.Setenv(name, value); err != nil {
			log.Print(err)
			return 1
		}
	}
	if err := build(env[guestsEnv], env[plainEnv]); err != nil {
		log.Print(err)
		return 1
	}
	code := s.M.Run()
	if err := postgrestest.Stop(); err != nil {
		log.Print(err)
		return 1
	}
	return code
}

// build builds the guests and the plain command, and has that put the guests'
// compiled form into the cache: it has no race detector, with which compiling takes
// ten times as long.
func build(guestsTo, plain string) error {
	if err := goBuild(nil, "-race=false", "-ldflags", "-X main.release="+testedRelease, "-o", plain, "."); err != nil {
		return err
	}
	var pipelines strings.Builder
	for i, source := range guests {
		path := filepath.Join(guestsTo, filepath.Base(source)+".wasm")
		if err := goBuild([]string{"GOOS=wasip1", "GOARCH=wasm"}, "-trimpath", "-buildmode=c-shared", "-o", path, source); err != nil {
			return err
		}
		fmt.Fprintf(&pipelines, "  - {name: warm%d, projection: {wasm: %q}}\n", i, path)
	}
	config := filepath.Join(guestsTo, "warm.yaml")
	if err := os.WriteFile(config, []byte("pipelines:\n"+pipelines.String()), 0o600); err != nil {
		return err
	}
	if out, err := exec.Command(plain, "validate", config).CombinedOutput(); err != nil {
		return fmt.Errorf("compiling the guests: %w\n%s", err, out)
	}
	return os.Remove(config)
}

func goBuild(env []string, args ...string) error {
	c := exec.Command("go", append([]string{"build"}, args...)...)
	c.Env = append(os.Environ(), env...)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", c, err, out)
	}
	return nil
}

// TestReleaseIsTold: what is built as a release says which one it is.
func TestReleaseIsTold(t *testing.T) {
	out, err := exec.Command(os.Getenv(plainEnv), "version").CombinedOutput()
	if want := "refold " + testedRelease + " (go"; err != nil || !strings.HasPrefix(string(out), want) {
		t.Errorf("%v, and the output %q, want %q first", err, out, want)
	}
	for _, file := range []string{"../../release.sh", "../../Dockerfile"} {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), "-X main.release=$") {
			t.Errorf("%s does not set main.release: %v", file, err)
		}
	}
}

// TestEnvironmentOfTestsIsNotHeard: what a property test's settings are elsewhere, and
// that they are wrong, is nothing to the command.
func TestEnvironmentOfTestsIsNotHeard(t *testing.T) {
	guest := filepath.Join(os.Getenv(guestsEnv), "lines_by_dir.wasm")
	answers := func(more ...string) string {
		c := exec.Command(os.Getenv(plainEnv), "plugin", "check", guest, "--cases", "3", "--law", "split")
		c.Env = append(os.Environ(), more...)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Errorf("with %v: %v\n%s", more, err, out)
		}
		return string(out)
	}
	want := answers()
	for _, odd := range []string{"RAPID_CHECKS=many", "RAPID_STEPS=-1", "RAPID_SEED=7", "RAPID_LOG=loud", "RAPID_SHRINKTIME=soon", "RAPID_FAILFILE=none"} {
		if got := answers(odd); got != want {
			t.Errorf("with %s it says\n%s\nwithout\n%s", odd, got, want)
		}
	}
}
