package conformance

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestSources: what a guest is built from includes its own files, the kit's, and
// go.mod; not the standard library's.
func TestSources(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	got := sources(t, "guests/go")
	for _, want := range []string{"go.mod", "sdk/conformance/guests/go/main.go", "sdk/conformance/guests/go", "sdk/go/fold.go", "sdk/go", "sdk/frame/result.go"} {
		if !slices.Contains(got, filepath.Join(root, want)) {
			t.Errorf("%s is missing in %q", want, got)
		}
	}
	if i := slices.IndexFunc(got, func(file string) bool { return filepath.Base(file) == "print.go" }); i >= 0 {
		t.Errorf("%s belongs to Go", got[i])
	}
}
