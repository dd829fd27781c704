//go:build acceptance

package acceptance

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/refold-dev/refold/cmd/refold/internal/guide"
)

const repository = "../../.."

// foreign are the programs that the tests need, and what installs them on Debian.
var foreign = map[string]string{
	"git":            "apt-get install git",
	"debootstrap":    "apt-get install debootstrap",
	"systemd-nspawn": "apt-get install systemd-container",
	"nsenter":        "apt-get install util-linux",
	"docker":         "apt-get install docker.io, or see https://docs.docker.com/engine/install; its daemon has to run",
	"clang":          "apt-get install clang lld",
	"zig":            "0.13 or later, https://ziglang.org/download",
}

// TestMain says at once what is missing, of which tests only tell later.
func TestMain(m *testing.M) {
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "MISSING: root, who may boot a machine: sudo -E make acceptance")
	}
	for name, install := range foreign {
		if _, err := exec.LookPath(name); err != nil {
			fmt.Fprintf(os.Stderr, "MISSING: %s: %s\n", name, install)
		}
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// work is a folder that all tests share, and that goes away with them.
var work string

func run(m *testing.M) (code int, err error) {
	work, err = os.MkdirTemp("", "refold-acceptance-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	return m.Run(), nil
}

// needs fails a test whose programs are not there.
func needs(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%s is missing: %s", name, foreign[name])
		}
	}
}

// lines are the command lines of a section of a guide, which is named as the repository
// has it.
func lines(t *testing.T, file, section string) []string {
	t.Helper()
	list, err := guide.Section(filepath.Join(repository, file), section)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
