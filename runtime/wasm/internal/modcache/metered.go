package modcache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Key identifies what a metered module was made from: the module, the options
// and the version of the meter.
type Key = [sha256.Size]byte

// Metered returns the metered module with a key, and makes it if it is not kept
// or damaged. A cache that cannot be written to is an error.
func (c *Cache) Metered(key Key, make func() ([]byte, error)) ([]byte, error) {
	path := filepath.Join(c.dir, "metered-"+hex.EncodeToString(key[:]))
	kept, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the module cache: %w", err)
	}
	if code, ok := sound(kept); ok {
		return code, nil
	}
	code, err := make()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(code)
	if err := c.write(path, append(sum[:], code...)); err != nil {
		return nil, fmt.Errorf("writing the module cache: %w", err)
	}
	return code, nil
}

// sound returns what follows its checksum.
func sound(kept []byte) (code []byte, ok bool) {
	if len(kept) < sha256.Size {
		return nil, false
	}
	code = kept[sha256.Size:]
	sum := sha256.Sum256(code)
	return code, bytes.Equal(sum[:], kept[:sha256.Size])
}

// write puts a file in its place at once, whoever else writes it.
func (c *Cache) write(path string, content []byte) (err error) {
	f, err := os.CreateTemp(c.dir, "new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}
