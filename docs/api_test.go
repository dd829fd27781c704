package docs_test

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/plugins/null"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
)

const api = "API.md"

// Each command of the guide says what stands below it, of an engine with the pipeline that
// it speaks of. What is left out there is "…".
func TestCommandsOfTheAPI(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED: %v", err)
	}
	const token = "a token of the guide"
	secret := strings.ReplaceAll(token, " ", "-")
	s, err := control.Listen(control.Options{Engine: linesEngine(t), Logger: slog.New(slog.DiscardHandler),
		Tokens: []control.Token{{Name: "guide", Secret: secret, May: []control.Right{control.Read, control.Operate}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ran := 0
	for _, block := range blocks(t, api, "console") {
		for part := range strings.SplitSeq("\n"+strings.TrimSuffix(block, "\n"), "\n$ ") {
			command, want, _ := strings.Cut(part, "\n")
			if command == "" {
				continue
			}
			ran++
			run := exec.CommandContext(t.Context(), "sh", "-c", command)
			run.Env = append(os.Environ(), "URL="+s.URL(), "TOKEN="+secret)
			said, err := run.CombinedOutput()
			if err != nil || !shown(want).MatchString(strings.TrimSpace(string(said))) {
				t.Errorf("%s says, %v\n%s\nand not\n%s", command, err, said, want)
			}
		}
	}
	if ran < 10 {
		t.Errorf("%d commands have been run", ran)
	}
}

// shown matches what a guide shows, in which "…" stands for anything.
func shown(text string) *regexp.Regexp {
	parts := strings.Split(strings.TrimSpace(text), "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, ".*") + `$`)
}

// linesEngine runs the pipeline lines over four events, three of which it is about, until
// the test ends.
func linesEngine(t *testing.T) *engine.Engine {
	t.Helper()
	ctx := context.Background()
	path := conformance.BuildC(t, "../sdk/c", "../examples/git-history/c/lines_by_dir/lines_by_dir.c")
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close(ctx) })
	module, err := host.Load(ctx, path, wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(ctx, engine.Options{
		Log: linesLog(t), Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), Now: time.Now,
		OpenPlugin: func(ctx context.Context, _ config.Projection) (engine.Plugin, error) { return module.Instantiate(ctx) },
		OpenExecutor: func(context.Context, config.Executor, string, uint64) (engine.Executor, error) {
			return null.Executor{}, nil
		},
	}, []config.Pipeline{{Name: "lines", Executors: []config.Executor{{Null: &config.Null{}}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		_ = e.Close(context.Background())
	})
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		if list, err := e.Status(t.Context()); err == nil && list[0].State == engine.Live {
			return e
		} else if time.Now().After(end) {
			t.Fatalf("it is not live: %+v, %v", list, err)
		}
	}
}

func linesLog(t *testing.T) *memory.Store {
	t.Helper()
	store := memory.New()
	t.Cleanup(func() { _ = store.Close() })
	for _, change := range []struct{ typ, data string }{
		{"commit_recorded", `{"author":"ada"}`}, {"file_added", `{"dir":"docs","additions":5,"deletions":0}`},
		{"file_added", `{"dir":"cmd","additions":1,"deletions":0}`}, {"file_modified", `{"dir":"docs","additions":2,"deletions":4}`},
	} {
		id := uuid.New()
		e := event.Event{ID: id, CorrelationID: id, Aggregate: event.Aggregate{Type: "file", ID: id}, Type: change.typ, Time: time.Now(), Data: []byte(change.data)}
		if _, err := store.Append(t.Context(), e.Aggregate, event.Any(), e); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

// Each piece of YAML of the guide is a configuration, beside a pipeline.
func TestConfigurationsOfTheAPI(t *testing.T) {
	for _, block := range blocks(t, api, "yaml") {
		dir := t.TempDir()
		for name, text := range map[string]string{"p.wasm": "", "in.yaml": block + "pipelines: [{name: p, projection: {wasm: p.wasm}}]\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := config.Load(filepath.Join(dir, "in.yaml")); err != nil {
			t.Errorf("%v in:\n%s", err, block)
		}
	}
}
