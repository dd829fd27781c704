package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/refold-dev/refold/sdk/conformance"
)

// chatExample is where the sources of the example are, and chatGuests its modules.
const chatExample = "../../examples/chat-webhook"

var chatGuests = []string{"chat_webhook", "incidents"}

// watchChat is for tests whose result depends on the example.
func watchChat(t *testing.T) {
	t.Helper()
	for _, name := range chatGuests {
		conformance.Watch(t, filepath.Join(chatExample, name))
	}
}

// chatModules builds the example's modules, and compiles them by a process without
// the race detector, once. It returns their folder.
var chatModules = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(filepath.Dir(os.Getenv(guestsEnv)), "chat-webhook")
	for _, name := range chatGuests {
		build := exec.Command("go", "build", "-trimpath", "-buildmode=c-shared", "-o", filepath.Join(dir, name+".wasm"), chatExample+"/"+name)
		build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		if out, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("building %s: %w\n%s", name, err, out)
		}
	}
	text, err := os.ReadFile(filepath.Join(chatExample, "pipelines.yaml"))
	if err != nil {
		return "", err
	}
	config := filepath.Join(dir, "pipelines.yaml")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		return "", err
	}
	if out, err := exec.Command(os.Getenv(plainEnv), "validate", config).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compiling the modules: %w\n%s", err, out)
	}
	return dir, nil
})

// chat puts the modules and the configuration of the example into the script's folder,
// the latter with another server than its own: chat URL
func chat(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: chat URL")
	}
	dir, err := chatModules()
	ts.Check(err)
	for _, name := range chatGuests {
		ts.Check(os.Symlink(filepath.Join(dir, name+".wasm"), ts.MkAbs(name+".wasm")))
	}
	text := strings.ReplaceAll(ts.ReadFile(filepath.Join(dir, "pipelines.yaml")), "http://127.0.0.1:8065", args[0])
	ts.Check(os.WriteFile(ts.MkAbs("pipelines.yaml"), []byte(text), 0o600))
}
