package control_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/engine/job"
	"github.com/refold-dev/refold/eventstore/memory"
)

// The tokens of tests: of one who may do everything, and of one who may look.
const (
	token     = "a-token-that-may-do-everything"
	readToken = "a-token-that-may-only-read"
)

var tokens = []control.Token{
	{Name: "operator", Secret: token, May: []control.Right{control.Read, control.Operate}},
	{Name: "reader", Secret: readToken, May: []control.Right{control.Read}},
}

// TestControl asks an engine that runs one pipeline over four events.
func TestControl(t *testing.T) {
	log := history(t)
	server := listen(t, running(t, log), log)
	client := control.NewClient(server.URL(), token)
	waitUntilLive(t, client)
	t.Run("authorization", func(t *testing.T) { testAuthorization(t, server) })
	t.Run("answers", func(t *testing.T) { testAnswers(t, server) })
	t.Run("state", func(t *testing.T) { testState(t, client) })
	t.Run("replay", func(t *testing.T) { testReplay(t, client) })
	t.Run("lifecycle", func(t *testing.T) { testLifecycle(t, server, client) })
	t.Run("events", func(t *testing.T) { testEvents(t, server, client, log) })
	t.Run("loopback", func(t *testing.T) {
		host, _, err := net.SplitHostPort(strings.TrimPrefix(server.URL(), "http://"))
		if err != nil || host != "127.0.0.1" {
			t.Errorf("the server listens on %s, %v", host, err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Status(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "asking the running engine: ") {
			t.Errorf("asking a closed server: %v", err)
		}
	})
}

// ask sends a request and returns status and body.
func ask(t *testing.T, method, url, authorization string) (int, string) {
	t.Helper()
	return askWith(t, method, url, authorization, "")
}

func askWith(t *testing.T, method, url, authorization, content string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("%s %s: content type %q", method, url, got)
	}
	return resp.StatusCode, strings.TrimSpace(string(body))
}

func testAuthorization(t *testing.T, s *control.Server) {
	paths := []string{"GET /v1/pipelines", "GET /v1/pipelines/lines/state", "POST /v1/replays", "GET /v1/replays", "POST /v1/replays/x/cancel",
		"POST /v1/pipelines/lines/pause", "POST /v1/pipelines/lines/resume", "POST /v1/pipelines/lines/reset", "GET /"}
	for _, authorization := range []string{"", "Bearer ", "Bearer wrong", "Basic " + token, token, "Bearer " + token + "x", "Bearer  " + token, "Bearer " + token[:len(token)-1]} {
		for _, p := range paths {
			method, path, _ := strings.Cut(p, " ")
			code, body := ask(t, method, s.URL()+path, authorization)
			if code != http.StatusUnauthorized || body != `{"error":"the request has no valid token"}` {
				t.Errorf("%s with %q: %d %s", p, authorization, code, body)
			}
		}
	}
	if code, body := ask(t, "GET", s.URL()+"/v1/pipelines", "bearer "+token); code != http.StatusOK {
		t.Errorf("a scheme in other letters: %d %s", code, body)
	}
	_, err := control.NewClient(s.URL(), "wrong").Status(t.Context())
	if err == nil || err.Error() != "the request has no valid token" {
		t.Errorf("a client with the wrong token: %v", err)
	}
}

func testAnswers(t *testing.T, s *control.Server) {
	for _, test := range []struct {
		method, path string
		code         int
		body         string
	}{
		{"GET", "/v1/pipelines/lines/state?key=cmd", 200, `{"additions":1,"deletions":0,"changes":1}`},
		{"GET", "/v1/pipelines/lines/state?key=", 404, `{"error":"pipeline lines, key \"\": the projection has no state for this key"}`},
		{"GET", "/v1/pipelines/lines/state?key=a%2Fb", 404, `{"error":"pipeline lines, key \"a/b\": the projection has no state for this key"}`},
		{"GET", "/v1/pipelines/nobody/state", 404, `{"error":"pipeline \"nobody\": there is no such pipeline"}`},
		{"GET", "/v1/pipelines/a%2F..%2Flines/state", 404, `{"error":"pipeline \"a/../lines\": there is no such pipeline"}`},
		{"GET", "/v1/log", 200, `{"head":4,"accepts_appends":true}`},
		{"GET", "/v1/replays", 200, `[]`},
		{"POST", "/v1/replays", 400, `{"error":"reading the request: it has no body"}`},
		{"GET", "/v1/replays/x", 400, `{"error":"\"x\" is no job's id: invalid UUID length: 1"}`},
		{"POST", "/v1/replays/01900000-0000-7000-8000-000000000000/pause", 404, `{"error":"01900000-0000-7000-8000-000000000000: there is no such job"}`},
		{"POST", "/v1/pipelines/nobody/reset", 404, `{"error":"pipeline \"nobody\": there is no such pipeline"}`},
		{"POST", "/v1/pipelines/nobody/pause", 404, `{"error":"pipeline \"nobody\": there is no such pipeline"}`},
		{"POST", "/v1/pipelines/nobody/resume", 404, `{"error":"pipeline \"nobody\": there is no such pipeline"}`},
		{"POST", "/v1/pipelines/lines/resume", 409, `{"error":"pipeline lines is live: there is nothing to resume",` +
			`"refused":{"pipeline":"lines","state":"live","input":"resume","rule":"not_held","reason":"there is nothing to resume"}}`},
		{"POST", "/v1/pipelines/lines/replay", 404, `{"error":"there is no POST /v1/pipelines/lines/replay"}`},
		{"DELETE", "/v1/pipelines", 405, `{"error":"there is no DELETE /v1/pipelines: it takes GET, HEAD"}`},
		{"PATCH", "/v1/replays", 405, `{"error":"there is no PATCH /v1/replays: it takes GET, HEAD, POST"}`},
		{"POST", "/healthz", 405, `{"error":"there is no POST /healthz: it takes GET, HEAD"}`},
		{"GET", "/v1/pipelines/lines/state?key=a&key=b", 400, `{"error":"parameter key is there 2 times: give it once"}`},
		{"GET", "/v1/pipelines/lines/state?key=a;b", 400, `{"error":"reading the parameters: invalid semicolon separator in query"}`},
		{"GET", "/", 404, `{"error":"there is no GET /"}`},
	} {
		if code, body := ask(t, test.method, s.URL()+test.path, "Bearer "+token); code != test.code || body != test.body {
			t.Errorf("%s %s: %d %s; want %d %s", test.method, test.path, code, body, test.code, test.body)
		}
	}
}

func testState(t *testing.T, c *control.Client) {
	docs, nowhere := "docs", "no & where?"
	for _, test := range []struct {
		pipeline string
		key      *string
		want     string
		err      string
	}{
		{"lines", nil, `{"cmd":{"additions":1,"deletions":0,"changes":1},"docs":{"additions":7,"deletions":4,"changes":2}}`, ""},
		{"lines", &docs, `{"additions":7,"deletions":4,"changes":2}`, ""},
		{"lines", &nowhere, "", `pipeline lines, key "no & where?": the projection has no state for this key`},
		{"a/b c", nil, "", `pipeline "a/b c": there is no such pipeline`},
	} {
		state, err := c.State(t.Context(), test.pipeline, test.key)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if strings.TrimSpace(string(state)) != test.want || got != test.err {
			t.Errorf("state of %s: %s, %v", test.pipeline, state, err)
		}
	}
}

func testReplay(t *testing.T, c *control.Client) {
	one, err := c.Submit(t.Context(), job.Request{Pipeline: "lines"})
	if err != nil {
		t.Fatal(err)
	}
	last, err := c.Watch(t.Context(), one.ID, func(p job.Job) {
		if p.State.Ended() || p.Pipeline != "lines" {
			t.Errorf("progress: %+v", p)
		}
	})
	want := job.Job{ID: one.ID, Request: one.Request, Why: job.Replay, State: job.Done, Submitted: one.Submitted,
		Began: last.Began, Ended: last.Ended, Generation: 2, Position: 4, Target: 4, EventsPerSecond: last.EventsPerSecond}
	if diff := cmp.Diff(want, last); diff != "" || err != nil || last.Ended.IsZero() || last.Began.IsZero() {
		t.Errorf("%v\n%s", err, diff)
	}
	if all, err := c.Jobs(t.Context()); err != nil || len(all) != 1 || cmp.Diff(last, all[0]) != "" {
		t.Errorf("all jobs: %+v, %v", all, err)
	}
	for name, order := range map[job.Input]func(context.Context, uuid.UUID) (job.Job, error){job.Pause: c.PauseJob, job.Resume: c.ResumeJob, job.Cancel: c.CancelJob} {
		var no *job.RefusedError
		if _, err := order(t.Context(), one.ID); !errors.As(err, &no) || no.Rule != "ended" || no.Input != name {
			t.Errorf("%s of a job that is done: %v", name, err)
		}
	}
	waitUntilLive(t, c)
	list, err := c.Status(t.Context())
	if err != nil || list[0].Generation != 2 || !list[0].Covered() {
		t.Errorf("status after the replay: %+v, %v", list, err)
	}
	_, err = c.Submit(t.Context(), job.Request{Pipeline: "nobody"})
	if err == nil || err.Error() != `pipeline "nobody": there is no such pipeline` {
		t.Errorf("replaying an unknown pipeline: %v", err)
	}
}

func testLifecycle(t *testing.T, s *control.Server, c *control.Client) {
	if code, body := askWith(t, "POST", s.URL()+"/v1/pipelines/lines/pause", "Bearer "+token, "{"); code != http.StatusBadRequest {
		t.Errorf("a body that is no JSON: %d %s", code, body)
	}
	if code, body := askWith(t, "POST", s.URL()+"/v1/pipelines/lines/pause", "Bearer "+token, `{"reason":"`+strings.Repeat("x", 1<<20)+`"}`); code != http.StatusRequestEntityTooLarge || body != `{"error":"the request's body has more than 65536 bytes"}` {
		t.Errorf("a body that is too large: %d %s", code, body)
	}
	status, err := c.Pause(t.Context(), "lines", "for a test")
	if err != nil || status.State != engine.Paused || status.Reason != "for a test" || status.Position != 4 {
		t.Errorf("pause: %+v, %v", status, err)
	}
	var no *engine.RefusedError
	want := engine.RefusedError{Pipeline: "lines", State: engine.Paused, Input: "replay", Rule: "paused", Reason: "it is replayed when it has been resumed"}
	if _, err := c.Submit(t.Context(), job.Request{Pipeline: "lines"}); !errors.As(err, &no) || *no != want {
		t.Errorf("replaying what is paused: %v", err)
	}
	if status, err = c.Resume(t.Context(), "lines"); err != nil || status.State == engine.Paused || status.Reason != "" {
		t.Errorf("resume: %+v, %v", status, err)
	}
	waitUntilLive(t, c)
	last, err := c.Reset(t.Context(), "lines", func(job.Job) {})
	if err != nil || last.State != job.Done || last.Why != job.Reset || last.Generation != 4 || last.Position != 4 {
		t.Errorf("reset: %+v, %v", last, err)
	}
	waitUntilLive(t, c)
}

func waitUntilLive(t *testing.T, c *control.Client) {
	t.Helper()
	var list []engine.Status
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var err error
		if list, err = c.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(list) == 1 && list[0].State == engine.Live && list[0].Position == 4 {
			return
		}
	}
	t.Fatalf("the pipeline is not live: %+v", list)
}

func listen(t testing.TB, e *engine.Engine, events control.EventReader) *control.Server {
	t.Helper()
	s, err := control.Listen(control.Options{Engine: e, Events: events, Tokens: tokens, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// running is an engine that runs the pipeline "lines" until the test ends.
func running(t testing.TB, log engine.Log) *engine.Engine {
	t.Helper()
	e := opened(t, log)
	runUntilEnd(t, e)
	return e
}

// runUntilEnd runs an engine until the test ends.
func runUntilEnd(t testing.TB, e *engine.Engine) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); e.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

// idle is an engine without a pipeline.
func idle(t testing.TB) *engine.Engine {
	t.Helper()
	e, err := engine.Open(context.Background(), engine.Options{Log: memory.New(), Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), Now: time.Now}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// opened is an engine with the pipeline "lines" that is open until the test ends, and
// does not run.
func opened(t testing.TB, log engine.Log) *engine.Engine {
	t.Helper()
	module := loadGuest(t)
	e, err := engine.Open(context.Background(), engine.Options{
		Log:          log,
		Dir:          t.TempDir(),
		OpenPlugin:   func(ctx context.Context, _ config.Projection) (engine.Plugin, error) { return module.Instantiate(ctx) },
		OpenExecutor: openTable(filepath.Join(t.TempDir(), "lines.db")),
		Logger:       slog.New(slog.DiscardHandler),
		Now:          time.Now,

		CheckpointEvery: 20 * time.Millisecond,
	}, []config.Pipeline{{Name: "lines", Executors: []config.Executor{{SQLite: &config.SQLite{}}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}
