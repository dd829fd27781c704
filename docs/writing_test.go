package docs_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/refold-dev/refold/runtime/plugintest"
	"github.com/refold-dev/refold/sdk/conformance"
)

const writing = "WRITING_PROJECTIONS.md"

// The first cases that the guide shows pass, and the others are cases.
func TestCasesPass(t *testing.T) {
	for i, text := range slices.DeleteFunc(blocks(t, writing, "yaml"), isPipeline) {
		if _, err := plugintest.Parse(writing, []byte(text)); err != nil {
			t.Error(err)
		}
		if i > 0 {
			continue
		}
		file := filepath.Join(t.TempDir(), "lines_by_dir_test.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		plugintest.Test(t, file, conformance.BuildC(t, "../sdk/c", "../examples/git-history/c/lines_by_dir/lines_by_dir.c"))
	}
}
