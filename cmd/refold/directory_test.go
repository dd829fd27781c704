package main

import (
	"os"
	"strings"
	"testing"

	"github.com/refold-dev/refold/cmd/refold/internal/enginetest"
)

// directory is a data directory for the pipelines of examples/git-history.
type directory struct{ *enginetest.Directory }

func newDirectory(t *testing.T) *directory {
	t.Helper()
	text, err := os.ReadFile("../../examples/git-history/pipelines.yaml")
	if err != nil {
		t.Fatal(err)
	}
	guests := strings.NewReplacer("wasm: ", "wasm: "+os.Getenv(guestsEnv)+"/")
	return &directory{enginetest.New(t, guests.Replace(string(text)))}
}
