package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
)

// guests are the projections that the tests run, by name: the examples, and
// some that misbehave when they are told to.
var guests = map[string]string{
	"lines_by_dir":      "../examples/git-history/go/lines_by_dir",
	"commits_by_author": "../examples/git-history/go/commits_by_author",
	"fickle":            "./testdata/guests/fickle",
	"moody":             "./testdata/guests/moody",
	"herald":            "./testdata/guests/herald",
	"asker":             "./testdata/guests/asker",
}

// envGuests is, for the child process of a test, the folder of the built guests.
const envGuests = "REFOLD_ENGINE_TEST_GUESTS"

// modules are the guests, loaded once for all tests.
var modules struct {
	dir  string
	list map[string]*wasm.Module // by path
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if modules.dir = os.Getenv(envGuests); modules.dir == "" {
		dir, err := os.MkdirTemp("", "refold-engine-test-")
		if err != nil {
			return fail(err)
		}
		defer os.RemoveAll(dir)
		modules.dir = dir
		if err := buildGuests(); err != nil {
			return fail(err)
		}
	}
	ctx := context.Background()
	cache, err := conformance.ModulesFolder()
	if err != nil {
		return fail(err)
	}
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: cache})
	if err != nil {
		return fail(err)
	}
	names := sortedKeys(guests)
	dir, isChild := os.LookupEnv(envChild)
	if isChild {
		names = childGuests
	}
	if err := loadGuests(ctx, host, names); err != nil {
		return fail(err)
	}
	if isChild {
		return fail(childMain(dir))
	}
	code := m.Run()
	if err := postgrestest.Stop(); err != nil {
		return fail(err)
	}
	for _, module := range modules.list {
		if err := module.Close(ctx); err != nil {
			return fail(err)
		}
	}
	if err := host.Close(ctx); err != nil {
		return fail(err)
	}
	if err := goleak.Find(); err != nil && code == 0 {
		return fail(err)
	}
	return code
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func guestPath(name string) string { return filepath.Join(modules.dir, name+".wasm") }

func buildGuests() error {
	for name, source := range guests {
		if err := goCommand([]string{"GOOS=wasip1", "GOARCH=wasm"}, "build", "-buildmode=c-shared", "-o", guestPath(name), source); err != nil {
			return err
		}
	}
	if !raceDetector {
		return nil
	}
	// It makes the compiler of modules many times slower: these tests without
	// it, of which none is run, fill the cache.
	return goCommand([]string{envGuests + "=" + modules.dir}, "test", "-count=1", "-run=^$", ".")
}

func goCommand(env []string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out.Bytes())
	}
	return nil
}

// loadGuests loads guests side by side.
func loadGuests(ctx context.Context, host *wasm.Host, names []string) error {
	loaded, errs := make([]*wasm.Module, len(names)), make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { loaded[i], errs[i] = host.Load(ctx, guestPath(name), wasm.Limits{}) })
	}
	wg.Wait()
	modules.list = map[string]*wasm.Module{}
	for i, name := range names {
		modules.list[guestPath(name)] = loaded[i]
	}
	return errors.Join(errs...)
}
