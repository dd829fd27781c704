package executor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/executortest"
	"github.com/refold-dev/refold/runtime/capability"
	"github.com/refold-dev/refold/runtime/executor"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
)

// board is a server that notices are posted to. It knows a notice by its key, and
// answers those that it is told to with another status.
type board struct {
	*httptest.Server
	mu      sync.Mutex
	notices []string
	seen    map[string]bool
	status  map[string]int // by text; "" is for all
}

func newBoard(t *testing.T) *board {
	b := &board{seen: map[string]bool{}, status: map[string]int{}}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	key := r.Header.Get("Idempotency-Key")
	b.mu.Lock()
	defer b.mu.Unlock()
	if status := b.status[string(text)]; err != nil || key == "" || status != 0 {
		w.WriteHeader(max(status, http.StatusBadRequest))
		return
	}
	if !b.seen[key] {
		b.seen[key] = true
		b.notices = append(b.notices, string(text))
	}
}

func (b *board) answer(text string, status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status[text] = status
}

func (b *board) posted(*testing.T) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.notices...)
}

// notices is a module that posts Log effects, written in C without a kit.
func notices(t *testing.T) *wasm.ExecutorModule {
	t.Helper()
	ctx := context.Background()
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	m, err := host.LoadExecutor(ctx, conformance.BuildC(t, "../../sdk/c", "../../sdk/conformance/guests/bare/notice.c"), wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// openOn opens an executor whose notices go to a URL.
func openOn(m *wasm.ExecutorModule, url string, granted ...string) (engine.Executor, error) {
	var g capability.Grants
	for _, text := range granted {
		host, err := capability.ParseHTTPHost(text)
		if err != nil {
			return nil, err
		}
		g.HTTP = append(g.HTTP, host)
	}
	calls, err := capability.Open(g)
	if err != nil {
		return nil, err
	}
	return executor.Open(context.Background(), executor.Options{
		Name: m.Manifest().Name, Kinds: []effect.Kind{effect.Log}, World: calls, Logger: slog.New(slog.DiscardHandler),
		Start: func(ctx context.Context) (executor.Guest, error) {
			return m.Instantiate(ctx, fmt.Appendf(nil, `{"url":%q}`, url), calls)
		},
	})
}

func TestConformance(t *testing.T) {
	m := notices(t)
	executortest.Run(t, executortest.Suite{
		Features: executortest.Features{Idempotent: true},
		New: func(t *testing.T) executortest.Store {
			b := newBoard(t)
			failing := func(status int, mend bool) func(*testing.T) executortest.Provoked {
				return func(*testing.T) executortest.Provoked {
					b.answer(executortest.Failing, status)
					if !mend {
						return executortest.Provoked{}
					}
					return executortest.Provoked{Mend: func() { b.answer(executortest.Failing, 0) }}
				}
			}
			return executortest.Store{
				Open:      func(string, uint64) (engine.Executor, error) { return openOn(m, b.URL, b.URL) },
				Effect:    func(mark string) effect.Effect { return effect.Effect{Kind: effect.Log, Body: []byte(mark)} },
				Performed: b.posted,
				Provoke: map[executortest.Failure]func(*testing.T) executortest.Provoked{
					executortest.Retryable: failing(http.StatusServiceUnavailable, true),
					executortest.Poison:    failing(http.StatusNotFound, false),
					executortest.Fatal:     failing(http.StatusUnauthorized, true),
				},
			}
		},
	})
}

// TestNotGranted: a host that YAML does not grant is an error that names it and the
// line to add, and nothing is sent.
func TestNotGranted(t *testing.T) {
	m, b := notices(t), newBoard(t)
	x, err := openOn(m, b.URL+"/path?token=s3cret", "hooks.example.com")
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	err = x.Execute(t.Context(), effect.Batch{Pipeline: "p", Generation: 1, Through: 2, Effects: []effect.Effect{{Kind: effect.Log, Cause: 1, Body: []byte("a")}}})
	var denied *capability.NotGrantedError
	if !errors.As(err, &denied) || denied.Name != b.URL || denied.Line != fmt.Sprintf("capabilities: {http: [%q]}", b.URL) {
		t.Fatalf("error %v", err)
	}
	if !strings.Contains(err.Error(), denied.Line) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("it says %v", err)
	}
	var poison *effect.PoisonError
	var retry *effect.RetryError
	if errors.As(err, &poison) || errors.As(err, &retry) || len(b.posted(t)) > 0 {
		t.Errorf("error %v is not fatal, or %v was posted", err, b.posted(t))
	}
}
