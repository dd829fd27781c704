package soak

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
)

var (
	events = flag.Int("events", 20_000, "how many events a soak has")
	kills  = flag.Int("kills", 6, "how often the engine is killed")
	faults = flag.Int("faults", 2, "how often anything else happens")
)

// What the soak runs, built from source.
var guest, plugin, oracle, natsServer string

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "refold-soak-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, postgrestest.Stop(), os.RemoveAll(dir)) }()
	guest, plugin, natsServer = filepath.Join(dir, "ledger.wasm"), filepath.Join(dir, "ledger"), filepath.Join(dir, "nats-server")
	oracle = filepath.Join(dir, "oracle")
	for _, b := range []struct {
		to, source string
		env, flags []string
	}{
		{filepath.Join(dir, "refold"), "..", nil, nil},
		{guest, "./internal/guest", []string{"GOOS=wasip1", "GOARCH=wasm"}, []string{"-buildmode=c-shared", "-ldflags=-s -w"}},
		{plugin, "./internal/plugin", nil, nil},
		{oracle, "./internal/oracle", nil, nil},
		{natsServer, "github.com/nats-io/nats-server/v2", nil, nil},
	} {
		c := exec.Command("go", append(append([]string{"build", "-o", b.to}, b.flags...), b.source)...)
		c.Env = append(os.Environ(), b.env...)
		if out, err := c.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("building %s: %w\n%s", b.source, err, out)
		}
	}
	err = errors.Join(os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH")), os.Setenv("REFOLD_CACHE", filepath.Join(dir, "cache")))
	if err != nil {
		return 0, err
	}
	return m.Run(), nil
}
