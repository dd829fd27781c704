// Package chat_test posts to a real server with the executor of this folder.
package chat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/capability"
	"github.com/refold-dev/refold/runtime/executor"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/conformance"
)

// chat is a server that takes messages, and answers the next ones with statuses.
type chat struct {
	*httptest.Server
	bodies, tokens, keys []string
	statuses             []int
}

func newChat(t *testing.T) *chat {
	c := &chat{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		c.bodies, c.tokens = append(c.bodies, string(body)), append(c.tokens, r.Header.Get("Authorization"))
		c.keys = append(c.keys, r.Header.Get("Idempotency-Key"))
		if len(c.statuses) > 0 {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(c.statuses[0])
			c.statuses = c.statuses[1:]
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func open(t *testing.T, m *wasm.ExecutorModule, config string, g capability.Grants) (*executor.Executor, error) {
	t.Helper()
	calls, err := capability.Open(g)
	if err != nil {
		t.Fatal(err)
	}
	return executor.Open(t.Context(), executor.Options{
		Name: m.Manifest().Name, Kinds: []effect.Kind{effect.Log, effect.Insert}, World: calls, Logger: slog.New(slog.DiscardHandler),
		Start: func(ctx context.Context) (executor.Guest, error) { return m.Instantiate(ctx, []byte(config), calls) },
	})
}

func load(t *testing.T) *wasm.ExecutorModule {
	t.Helper()
	ctx := context.Background()
	host, err := wasm.NewHost(ctx, wasm.Options{CacheDir: conformance.Modules(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { host.Close(ctx) })
	m, err := host.LoadExecutor(ctx, conformance.BuildGo(t, "chat_webhook"), wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestChat(t *testing.T) {
	t.Setenv("CHAT_TOKEN", "s3cret-token")
	m, c := load(t), newChat(t)
	host, err := capability.ParseHTTPHost(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	g := capability.Grants{HTTP: []capability.HTTPHost{host}, Secrets: map[string]capability.Source{"chat_token": {Env: "CHAT_TOKEN"}}}
	if missing := g.Missing(m.Manifest().Wants); len(missing) > 0 {
		t.Fatal(missing)
	}
	x, err := open(t, m, fmt.Sprintf(`{"url":"%s/hooks/ops","channel":"ops"}`, c.URL), g)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	b := effect.Batch{Pipeline: "incidents", Generation: 1, Through: 4, Effects: []effect.Effect{
		{Kind: effect.Insert, Cause: 1, Name: "announcements", Body: []byte(`{"title":"A new resource","hostname":"<web-1>","cpus":4}`)},
		{Kind: effect.Insert, Cause: 2, Name: "others", Body: []byte(`{}`)},
		{Kind: effect.Log, Cause: 3, Level: effect.Warn, Body: []byte("web-1 is gone")},
	}}
	if err := x.Execute(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"channel":"ops","text":"A new resource","attachments":[{"color":"#439fe0","fields":[{"title":"cpus","value":"4"},{"title":"hostname","value":"\u0026lt;web-1\u0026gt;"}]}]}`,
		`{"channel":"ops","text":":warning: web-1 is gone"}`,
	}
	if diff := cmp.Diff(want, c.bodies); diff != "" || c.tokens[0] != "Bearer s3cret-token" || c.keys[1] != b.ID(&b.Effects[2]).String() {
		t.Errorf("tokens %v, keys %v (-want +got):\n%s", c.tokens, c.keys, diff)
	}

	c.statuses = []int{200, 429}
	err = x.Execute(t.Context(), b)
	var retry *effect.RetryError
	var partial *effect.PartialError
	if !errors.As(err, &retry) || retry.After != 7*time.Second || !errors.As(err, &partial) || partial.Cause != 3 {
		t.Errorf("429: %v", err)
	}
	c.statuses = []int{404}
	var poison *effect.PoisonError
	if err := x.Execute(t.Context(), b); !errors.As(err, &poison) || poison.Cause != 1 {
		t.Errorf("404: %v", err)
	}
	c.statuses = []int{401}
	if err := x.Execute(t.Context(), b); err == nil || errors.As(err, &poison) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("401: %v", err)
	}
}

func TestConfiguration(t *testing.T) {
	_, err := open(t, load(t), `{"channel":"ops"}`, capability.Grants{})
	var guest *runtime.GuestError
	if !errors.As(err, &guest) || guest.Code != runtime.BadConfig || !strings.Contains(guest.Reason, "there is no url") {
		t.Errorf("a configuration without a url: %v", err)
	}
}
