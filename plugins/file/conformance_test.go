package file_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/executortest"
	"github.com/refold-dev/refold/plugins/file"
)

// crashFolder names the folder that this binary, run as a child, is to write.
const crashFolder = "REFOLD_TEST_CRASH_FOLDER"

func TestMain(m *testing.M) {
	if path := os.Getenv(rebuildFolder); path != "" {
		fmt.Fprintln(os.Stderr, rebuildForEver(path))
		os.Exit(1)
	}
	if path := os.Getenv(crashFolder); path != "" {
		fmt.Fprintln(os.Stderr, executortest.WriteForEver(opener(context.Background(), crashConfig(path)), os.Stdout))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

func opener(ctx context.Context, cfg file.Config) func(string, uint64) (engine.Executor, error) {
	return func(pipeline string, generation uint64) (engine.Executor, error) {
		e, err := file.Open(ctx, cfg, pipeline, generation)
		if err != nil { // not e: an interface around a nil pointer is not nil
			return nil, err
		}
		return e, nil
	}
}

// TestConformance: rows are what a reader of the files makes of the lines.
func TestConformance(t *testing.T) {
	for name, size := range map[string]int64{"one file": 0, "small files": 500} {
		t.Run(name, func(t *testing.T) {
			executortest.Run(t, executortest.Suite{
				Features: executortest.Features{Transactional: true, Rows: true, Generations: true, Keeps: true},
				New: func(t *testing.T) executortest.Store {
					return storeOf(t, file.Config{Folder: filepath.Join(memory(t), "new", "effects"), MaxSize: size})
				},
			})
		})
	}
}

// memory is a folder that is in memory, where there is such a place: for tests that
// would wait for the disk most of the time, and learn nothing from it.
func memory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "refold-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func storeOf(t *testing.T, cfg file.Config) executortest.Store {
	again := strings.Contains(t.Name(), "late_effects") // which may come twice
	return executortest.Store{
		Open: opener(context.WithoutCancel(t.Context()), cfg),
		Rows: func(t *testing.T, table string) map[string]string { return read(t, cfg, again).Rows(t, table) },
		Performed: func(t *testing.T) []string {
			return read(t, cfg, again).Performed(t)
		},
		Check: func(t *testing.T) { read(t, cfg, again) },
		Provoke: map[executortest.Failure]func(*testing.T) executortest.Provoked{
			executortest.Poison: func(*testing.T) executortest.Provoked {
				return executortest.Provoked{Effect: effect.Effect{Kind: effect.Insert, Name: "accounts", Body: []byte(`[]`)}}
			},
			executortest.Fatal: func(t *testing.T) executortest.Provoked {
				ledger := filepath.Join(cfg.Folder, "refold.json")
				if err := os.Rename(ledger, ledger+".away"); err != nil {
					t.Fatal(err)
				}
				return executortest.Provoked{Mend: func() {
					if err := os.Rename(ledger+".away", ledger); err != nil {
						t.Error(err)
					}
				}}
			},
		},
	}
}

// files are those that readers see, in order.
func files(t *testing.T, cfg file.Config) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(cfg.Folder, "current", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// read reads the active generation: whole lines, each effect once unless again, in
// files of the size that they may have.
func read(t *testing.T, cfg file.Config, again bool) *executortest.Journal {
	t.Helper()
	var j executortest.Journal
	seen := map[uuid.UUID]bool{}
	for _, path := range files(t, cfg) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.SplitAfter(text, []byte("\n"))
		if last := lines[len(lines)-1]; len(last) > 0 {
			t.Errorf("%s ends with %q, which is no line", path, last)
		}
		lines = lines[:len(lines)-1]
		if cfg.MaxSize > 0 && int64(len(text)) > cfg.MaxSize && len(lines) > 1 {
			t.Errorf("%s has %d lines and %d bytes, of the %d that it may have", path, len(lines), len(text), cfg.MaxSize)
		}
		for _, line := range lines {
			var told struct{ ID uuid.UUID }
			if err := json.Unmarshal(line, &told); err != nil {
				t.Fatalf("%s has the line %q: %v", path, line, err)
			}
			if seen[told.ID] && !again {
				t.Errorf("%s has effect %s again", path, told.ID)
			}
			seen[told.ID] = true
			if err := j.Add(line); err != nil {
				t.Error(err)
			}
		}
	}
	return &j
}

func crashConfig(folder string) file.Config { return file.Config{Folder: folder, MaxSize: 100_000} }

// TestKillNine kills writers: in the end each effect is there once, and no line is
// torn.
func TestKillNine(t *testing.T) {
	cfg := crashConfig(t.TempDir())
	executortest.SurviveKills(t, 6, storeOf(t, cfg), func() *exec.Cmd {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), crashFolder+"="+cfg.Folder)
		return child
	})
	if list := files(t, cfg); len(list) < 2 {
		t.Errorf("%d files: the test is to have finished some", len(list))
	}
}
