package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/executortest"
	"github.com/refold-dev/refold/plugins/sqlite"
)

// crashPath names the file that this binary, run as a child, is to write.
const crashPath = "REFOLD_TEST_CRASH_PATH"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashPath); path != "" {
		fmt.Fprintln(os.Stderr, executortest.WriteForEver(opener(context.Background(), ledgerConfig(path)), os.Stdout))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func opener(ctx context.Context, cfg sqlite.Config) func(string, uint64) (engine.Executor, error) {
	return func(pipeline string, generation uint64) (engine.Executor, error) {
		e, err := sqlite.Open(ctx, cfg, pipeline, generation)
		if err != nil { // not e: an interface around a nil pointer is not nil
			return nil, err
		}
		return e, nil
	}
}

func TestKillNine(t *testing.T) {
	cfg := ledgerConfig(filepath.Join(t.TempDir(), "read.db"))
	executortest.SurviveKills(t, 10, storeOf(t, cfg), func() *exec.Cmd {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), crashPath+"="+cfg.Path)
		return child
	})
}
