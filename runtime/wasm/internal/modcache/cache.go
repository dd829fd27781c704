package modcache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/tetratelabs/wazero"
)

// Cache is a folder of compiled modules.
type Cache struct {
	dir    string
	wazero wazero.CompilationCache
}

// Open opens the cache in dir, which it creates if it is not there.
func Open(dir string) (*Cache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the module cache: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the module cache: %w", err)
	}
	if writable := info.Mode().Perm() & 0o022; writable != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("opening the module cache: %s has mode %v: others than its owner can write machine code into it; chmod 700 it",
			dir, info.Mode().Perm())
	}
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the module cache: %w", err)
	}
	return &Cache{dir, cache}, nil
}

// Wazero returns the cache as a runtime takes it.
func (c *Cache) Wazero() wazero.CompilationCache { return c.wazero }

// Damaged reports whether err, of compiling a module, comes from the cache and
// not from the module.
func (c *Cache) Damaged(err error) bool {
	// wazero has no type for it.
	return err != nil && strings.HasPrefix(err.Error(), "compilationcache: ")
}

// Drop deletes all entries.
func (c *Cache) Drop() error {
	entries, err := filepath.Glob(filepath.Join(c.dir, "wazero-*", "*"))
	if err != nil {
		return fmt.Errorf("emptying the module cache: %w", err)
	}
	for _, path := range entries {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("emptying the module cache: %w", err)
		}
	}
	return nil
}

// Close frees the machine code; no module of it may be in use.
func (c *Cache) Close(ctx context.Context) error { return c.wazero.Close(ctx) }
