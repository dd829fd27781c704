package conformance

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// recipe is all that a guest is made of: if none of it has changed, neither has the
// module.
type recipe struct {
	compiler string   // with its version
	args     []string // that say how to build
	sources  []string // files
}

// kept returns a module that build makes of a recipe, and that it need not make where
// another test has: compilers take seconds. Nothing of it can be out of date, for it
// goes by a digest of the recipe, the sources' bytes included.
func kept(t testing.TB, r recipe, build func() (path string)) string {
	t.Helper()
	place, err := r.place()
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile(place)
	if errors.Is(err, fs.ErrNotExist) {
		if module, err = os.ReadFile(build()); err == nil {
			err = keep(place, module)
		}
	}
	out := filepath.Join(t.TempDir(), "guest.wasm") // a copy, so that no test writes into another's
	if err = errors.Join(err, os.WriteFile(out, module, 0o600)); err != nil {
		t.Fatal(err)
	}
	return out
}

// place is where the module is kept.
func (r recipe) place() (string, error) {
	modules, err := ModulesFolder()
	if err != nil {
		return "", err
	}
	digest := sha256.New()
	fmt.Fprintf(digest, "%q %q", r.compiler, r.args)
	for _, path := range r.sources {
		if err := addFile(digest, path); err != nil {
			return "", fmt.Errorf("keeping a guest: %w", err)
		}
	}
	dir := filepath.Join(modules, "guests")
	return filepath.Join(dir, hex.EncodeToString(digest.Sum(nil))+".wasm"), os.MkdirAll(dir, 0o700)
}

// addFile adds a file's name and bytes. The name counts, for a panic may say it.
func addFile(digest io.Writer, path string) error {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(digest, "\n%q %d ", absolute, len(text))
	_, err = digest.Write(text)
	return err
}

// keep writes a module in one step: others may look for it meanwhile.
func keep(place string, module []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(place), "*.part")
	if err != nil {
		return err
	}
	_, err = temporary.Write(module)
	if err = errors.Join(err, temporary.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return os.Rename(temporary.Name(), place)
}
