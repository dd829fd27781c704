package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/refold-dev/refold/cmd/refold/internal/enginetest"
	"github.com/refold-dev/refold/engine/datadir"
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

// TestOwnerAdvice: what root reads about a directory of a user with a name, and without.
func TestOwnerAdvice(t *testing.T) {
	for uid, want := range map[int]string{0: "runuser -u root -- refold", 61430: "setpriv --reuid 61430 --regid 7 --clear-groups refold"} {
		err := fmt.Errorf("opening it: %w", &datadir.OwnerError{Path: "d", UID: uid, GID: 7})
		if got := adviceOn(err); !strings.Contains(got, want) {
			t.Errorf("user %d: %q, want %q", uid, got, want)
		}
	}
}
