package enginetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/engine"
)

// Deadline is how long is waited for what must come.
const Deadline = 2 * time.Minute

// Directory is a data directory, used by processes only.
type Directory struct {
	*testing.T
	Path   string
	Config string
}

// New returns a data directory for a configuration, in a new folder. Paths that
// the configuration names are relative to it.
func New(t *testing.T, config string) *Directory {
	t.Helper()
	return In(t, t.TempDir(), config)
}

// In is [New] in a folder that there is.
func In(t *testing.T, folder, config string) *Directory {
	t.Helper()
	d := &Directory{t, filepath.Join(folder, "data"), filepath.Join(folder, "pipelines.yaml")}
	if err := os.WriteFile(d.Config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// Command is refold with arguments, about this directory.
func (d *Directory) Command(args ...string) *exec.Cmd {
	return exec.Command("refold", append(args, "--data", d.Path)...)
}

// Run runs a command that must succeed, and returns what it prints.
func (d *Directory) Run(args ...string) []byte {
	d.Helper()
	out, err := Output(d.Command(args...))
	if err != nil {
		d.Fatalf("refold %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// Import imports JSON Lines.
func (d *Directory) Import(text []byte) {
	d.Helper()
	if _, err := Output(d.Importing(text)); err != nil {
		d.Fatalf("importing: %v", err)
	}
}

// Importing is the command that imports JSON Lines.
func (d *Directory) Importing(text []byte) *exec.Cmd {
	c := d.Command("event", "import", "-")
	c.Stdin = bytes.NewReader(text)
	return c
}

// Output runs a command and returns what it prints; an error has what it complains
// of.
func Output(c *exec.Cmd) ([]byte, error) {
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, &stderr)
	}
	return out, err
}

// Status is that of all pipelines.
func (d *Directory) Status() []engine.Status {
	d.Helper()
	var list []engine.Status
	if err := json.Unmarshal(d.Run("status", "--json"), &list); err != nil {
		d.Fatal(err)
	}
	return list
}

// WaitFor waits until an engine has pipelines that are live at a position.
func (d *Directory) WaitFor(position, pipelines int) {
	d.Helper()
	var list []engine.Status
	for end := time.Now().Add(Deadline); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		list = d.Status()
		ready := len(list) == pipelines
		for _, s := range list {
			ready = ready && s.State == engine.Live && s.Position == s.Head && int(s.Position) == position
		}
		if ready {
			return
		}
	}
	d.Fatalf("the pipelines are not live at position %d within %s: %+v", position, Deadline, list)
}
