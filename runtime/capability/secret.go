package capability

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
)

// Source is where a secret text is: in a variable of the environment, or a file.
type Source struct{ Env, File string }

const (
	maxSecret = 64 << 10
	// minRedacted is how long a secret has to be to be looked for in texts: shorter
	// ones would be found everywhere.
	minRedacted = 4
)

// MissingError is a source that has nothing.
type MissingError struct {
	What   string // such as "the secret token"
	Source Source
	Err    error // of reading the file; nil for a variable
}

func (e *MissingError) Error() string {
	if e.Source.Env != "" {
		return fmt.Sprintf("%s: the environment variable %s is empty or not set", e.What, e.Source.Env)
	}
	return fmt.Sprintf("%s: %v", e.What, e.Err)
}

func (e *MissingError) Unwrap() error { return e.Err }

// read returns the text, without a line end behind it.
func (s Source) read(what string) (string, error) {
	text := os.Getenv(s.Env)
	if s.Env == "" {
		var err error
		if text, err = readFile(s.File); err != nil {
			return "", &MissingError{what, s, err}
		}
		text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	}
	if text == "" {
		return "", &MissingError{what, s, errors.New("the file is empty")}
	}
	return text, nil
}

func readFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err == nil && len(text) > maxSecret {
		err = fmt.Errorf("%s has more than %d bytes", path, maxSecret)
	}
	return string(text), err
}

// keeper reads secrets and remembers what to keep out of texts.
type keeper struct {
	sources map[string]Source
	known   map[string]string // by what is written in their place
}

func newKeeper(sources map[string]Source) *keeper {
	return &keeper{sources: sources, known: map[string]string{}}
}

// check reads all secrets once.
func (k *keeper) check() error {
	for _, name := range slices.Sorted(maps.Keys(k.sources)) {
		if _, err := k.get(name); err != nil {
			return err
		}
	}
	return nil
}

func (k *keeper) get(name string) (string, error) {
	text, err := k.sources[name].read("the secret " + name)
	if err == nil {
		k.remember("[secret "+name+"]", text)
	}
	return text, err
}

// remember has a secret replaced from now on.
func (k *keeper) remember(by, secret string) {
	if len(secret) >= minRedacted {
		k.known[by] = secret
	}
}

func (k *keeper) read(r *reader) ([]frame.Slot, error) {
	name, err := r.text("name of a secret")
	if err != nil {
		return nil, err
	}
	if _, granted := k.sources[name]; !granted {
		return nil, notGranted(manifest.Secrets, name, "")
	}
	text, err := k.get(name)
	if err != nil {
		return nil, fail(unavailable, "secret: %w", err)
	}
	return []frame.Slot{frame.BytesSlot(frame.Bytes, []byte(text))}, nil
}

// redact replaces what is known, the longest first: one may be part of another.
func (k *keeper) redact(text string) string {
	places := slices.SortedFunc(maps.Keys(k.known), func(a, b string) int {
		if d := len(k.known[b]) - len(k.known[a]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, by := range places {
		text = strings.ReplaceAll(text, k.known[by], by)
	}
	return text
}
