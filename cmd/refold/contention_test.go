package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"testing"

	"github.com/refold-dev/refold/engine/datadir"
)

// inProcess runs a command line in this process.
func inProcess(ctx context.Context, in io.Reader, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	a := &app{in: in, out: &out, err: &err}
	code = a.execute(ctx, args)
	return code, out.String(), err.String()
}

func TestCommandsWaitForOneAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	release, err := datadir.At(path).Acquire()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("not for ever", func(t *testing.T) {
		code, _, stderr := inProcess(t.Context(), nil, "status", "--data", path)
		want := "refold: another process uses the data directory " + path + "\n  hint: wait for it to end, or name another directory with --data\n"
		if code != 1 || stderr != want {
			t.Errorf("refold status: exit code %d, %s", code, stderr)
		}
	})
	t.Run("until it is free", func(t *testing.T) {
		done := make(chan int, 1)
		go func() {
			code, _, _ := inProcess(t.Context(), nil, "status", "--data", path)
			done <- code
		}()
		if err := release(); err != nil {
			t.Error(err)
		}
		if code := <-done; code != 0 {
			t.Errorf("refold status: exit code %d", code)
		}
	})
}

// An import that waits for input, as from a terminal, ends when it is
// interrupted; what it has stored stays.
func TestImportIsInterruptible(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	in, terminal := io.Pipe()
	defer terminal.Close()
	go func() {
		for range 2 { // the second is taken when the import has read the first
			_, _ = io.WriteString(terminal, "\n")
		}
		interrupt()
	}()
	code, stdout, stderr := inProcess(ctx, in, "event", "import", "-", "--data", path)
	want := "refold: the import has been interrupted\n  hint: import it again: what has been stored already is left out\n"
	if code != 1 || stdout != "" || stderr != want {
		t.Errorf("exit code %d, %q, %s", code, stdout, stderr)
	}
	if code, _, stderr := inProcess(t.Context(), nil, "event", "export", "--data", path); code != 0 {
		t.Errorf("the export afterwards: exit code %d, %s", code, stderr)
	}
}
