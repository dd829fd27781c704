package sqlite_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/refold-dev/refold/plugins/claim"
	"github.com/refold-dev/refold/plugins/sqlite"
)

// Of several engines that start on one new file at the same moment all get in,
// one after the other, and only the last may write.
func TestOpenedAtTheSameMoment(t *testing.T) {
	cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
	cfg.BusyTimeout = time.Minute
	executors := make([]*sqlite.Executor, 6)
	errs := make([]error, len(executors))
	var wg sync.WaitGroup
	for i := range executors {
		wg.Go(func() { executors[i], errs[i] = sqlite.Open(t.Context(), cfg, "ledger", 1) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	wrote := 0
	for _, e := range executors {
		err := e.Execute(t.Context(), batch("ledger", 1, 0, 1, insert(1, "accounts", `{"id":"a"}`)))
		var fenced *claim.FencedError
		switch {
		case err == nil:
			wrote++
		case !errors.As(err, &fenced):
			t.Errorf("got error %v, want a FencedError", err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	if wrote != 1 {
		t.Errorf("%d executors wrote, want 1", wrote)
	}
	checkIntegrity(t, cfg.Path)
}

func TestOpenRefuses(t *testing.T) {
	cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
	bad := cfg
	bad.Tables = nil
	for name, open := range map[string]func() (*sqlite.Executor, error){
		"bad config":      func() (*sqlite.Executor, error) { return sqlite.Open(t.Context(), bad, "ledger", 1) },
		"no pipeline":     func() (*sqlite.Executor, error) { return sqlite.Open(t.Context(), cfg, "", 1) },
		"generation 2^63": func() (*sqlite.Executor, error) { return sqlite.Open(t.Context(), cfg, "ledger", 1<<63) },
	} {
		if e, err := open(); err == nil {
			e.Close()
			t.Errorf("%s: opened", name)
		}
	}
}
