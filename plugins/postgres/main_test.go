package postgres_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/executortest"
	"github.com/refold-dev/refold/plugins/postgres"
	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
)

// crashURL and crashSchema name what this binary, run as a child, is to write.
const (
	crashURL    = "REFOLD_TEST_CRASH_URL"
	crashSchema = "REFOLD_TEST_CRASH_SCHEMA"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(crashURL); url != "" {
		cfg := postgres.Config{URL: url, Schema: os.Getenv(crashSchema), Tables: ledgerTables()}
		fmt.Fprintln(os.Stderr, executortest.WriteForEver(opener(context.Background(), cfg), os.Stdout))
		os.Exit(1)
	}
	goleak.VerifyTestMain(stopping{m})
}

// stopping stops the server once the tests have run.
type stopping struct{ *testing.M }

func (s stopping) Run() int {
	code := s.M.Run()
	if err := postgrestest.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func opener(ctx context.Context, cfg postgres.Config) func(string, uint64) (engine.Executor, error) {
	return func(pipeline string, generation uint64) (engine.Executor, error) {
		e, err := postgres.Open(ctx, cfg, pipeline, generation)
		if err != nil { // not e: an interface around a nil pointer is not nil
			return nil, err
		}
		return e, nil
	}
}

func TestKillNine(t *testing.T) {
	cfg := ledgerConfig(t)
	executortest.SurviveKills(t, 10, storeOf(t, cfg), func() *exec.Cmd {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), crashURL+"="+cfg.URL, crashSchema+"="+cfg.Schema)
		return child
	})
}
