package control_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
	"go.uber.org/goleak"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/engine/job"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

const subject = "refold-control.infrastructure"

// TestService asks an engine that is open, and does not run, for replays: what is
// submitted stays queued.
func TestService(t *testing.T) {
	log := history(t)
	e := opened(t, log)
	if err := e.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	connect := logServer(t)
	s := serve(t, e, log, connect)
	by := &requester{t: t, nc: connected(t, connect)}
	t.Run("found", by.testFound)
	t.Run("life", by.testLife)
	t.Run("as by HTTP", func(t *testing.T) { by.testAsByHTTP(t, listen(t, e, log)) })
	t.Run("reply", by.testReply)
	t.Run("discovery", by.testDiscoveryReply)
	t.Run("other verbs", by.testOtherVerbs)
	t.Run("lines", by.testLines)
	t.Run("paused", func(t *testing.T) {
		if err := e.Pause(t.Context(), "lines", ""); err != nil {
			t.Fatal(err)
		}
		code, body := by.ask("submit", `{"pipeline":"lines"}`)
		if want := `"refused":{"pipeline":"lines","state":"paused","input":"replay","rule":"paused"`; code != "409" || !strings.Contains(body, want) {
			t.Errorf("a replay of what is paused: %s %s", code, body)
		}
	})
	t.Run("closed", func(t *testing.T) {
		s.Close()
		if _, err := by.nc.Request(subject+".replays.list", nil, 10*time.Second); !errors.Is(err, nats.ErrNoResponders) {
			t.Errorf("asking a service that is closed: %v", err)
		}
	})
}

// testFound: the service is there for whoever looks for services.
func (by *requester) testFound(t *testing.T) {
	for _, of := range []string{"$SRV.PING", "$SRV.INFO.refold"} {
		reply, err := by.nc.Request(of, nil, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		var info micro.Info
		if err := json.Unmarshal(reply.Data, &info); err != nil || info.Name != "refold" || info.Version != "1.2.3" {
			t.Errorf("%s: %s, %v", of, reply.Data, err)
		}
		if of != "$SRV.PING" && len(info.Endpoints) < 18 {
			t.Errorf("the endpoints: %+v", info.Endpoints)
		}
	}
}

// testLife has one job go through its life.
func (by *requester) testLife(t *testing.T) {
	if code, body := by.ask("list", ""); code != "" || body != "[]" {
		t.Errorf("no jobs: %s %s", code, body)
	}
	one := by.job("submit", `{"pipeline":"lines","workers":2,"rate":1000}`)
	if one.State != job.Queued || one.Workers != 2 || one.Rate != 1000 || one.Why != job.Replay {
		t.Errorf("submitted: %+v", one)
	}
	reference := `{"id":"` + one.ID.String() + `"}`
	if diff := cmp.Diff(one, by.job("show", reference)); diff != "" {
		t.Error(diff)
	}
	var list []job.Job
	if code, body := by.ask("list", "{}"); code != "" || json.Unmarshal([]byte(body), &list) != nil || cmp.Diff([]job.Job{one}, list) != "" {
		t.Errorf("all jobs: %s %s", code, body)
	}
	for _, step := range []struct {
		verb string
		want job.State
	}{{"pause", job.Paused}, {"resume", job.Queued}, {"pause", job.Paused}, {"cancel", job.Cancelled}} {
		if got := by.job(step.verb, reference); got.State != step.want || got.ID != one.ID {
			t.Errorf("%s: %+v", step.verb, got)
		}
	}
	for _, verb := range []string{"pause", "resume"} {
		code, body := by.ask(verb, reference)
		if want := `"refused_job":{"id":"` + one.ID.String() + `","state":"cancelled","input":"` + verb + `","rule":"ended"`; code != "409" || !strings.Contains(body, want) {
			t.Errorf("%s of a job that is cancelled: %s %s", verb, code, body)
		}
	}
}

// testAsByHTTP: what is wrong with a request is told as by HTTP, with the same code.
func (by *requester) testAsByHTTP(t *testing.T, s *control.Server) {
	const nobody = "01900000-0000-7000-8000-000000000000"
	for _, test := range []struct{ verb, body, method, path, content string }{
		{"submit", "", "POST", "", ""},
		{"submit", "{", "POST", "", "{"},
		{"submit", `{"pipeline":"lines"} {}`, "POST", "", `{"pipeline":"lines"} {}`},
		{"submit", `{"pipeline":"lines","until":-1}`, "POST", "", `{"pipeline":"lines","until":-1}`},
		{"submit", `{"pipeline":"lines","priority":9}`, "POST", "", `{"pipeline":"lines","priority":9}`},
		{"submit", `{"pipeline":"lines","workers":99}`, "POST", "", `{"pipeline":"lines","workers":99}`},
		{"submit", `{"pipeline":"nobody\nat all"}`, "POST", "", `{"pipeline":"nobody\nat all"}`},
		{"show", `{"id":"x"}`, "GET", "/x", ""},
		{"show", `{"id":"` + nobody + `"}`, "GET", "/" + nobody, ""},
		{"pause", `{"id":"` + nobody + `"}`, "POST", "/" + nobody + "/pause", ""},
		{"resume", `{"id":"` + nobody + `"}`, "POST", "/" + nobody + "/resume", ""},
		{"cancel", `{"id":"` + nobody + `"}`, "POST", "/" + nobody + "/cancel", ""},
	} {
		code, body := askWith(t, test.method, s.URL()+"/v1/replays"+test.path, "Bearer "+token, test.content)
		if gotCode, got := by.ask(test.verb, test.body); gotCode != statusText(code) || got != body {
			t.Errorf("%s %s: %s %s; by HTTP %d %s", test.verb, test.body, gotCode, got, code, body)
		}
	}
	for verb, body := range map[string]string{
		"list": `{"all":true}`, "show": `{"id":"` + nobody + `","verbose":true}`, "cancel": "",
		"submit": `{"pipeline":"` + strings.Repeat("x", 64<<10) + `"}`,
	} {
		if code, text := by.ask(verb, body); code != "400" || !strings.HasPrefix(text, `{"error":"`) {
			t.Errorf("%s %.80s: %s %s", verb, body, code, text)
		}
	}
}

// testReply: no answer goes to where the engine may publish and others may not, and
// nothing is done about such a request.
func (by *requester) testReply(t *testing.T) {
	sub, err := by.nc.SubscribeSync("infrastructure.>")
	if err != nil {
		t.Fatal(err)
	}
	_, before := by.ask("list", "")
	for _, reply := range []string{"infrastructure.file.x", ""} {
		if err := by.nc.PublishMsg(&nats.Msg{Subject: subject + ".replays.submit", Reply: reply, Data: []byte(`{"pipeline":"lines"}`)}); err != nil {
			t.Fatal(err)
		}
	}
	if code, _ := by.ask("submit", ""); code != "400" { // behind both
		t.Errorf("the code is %s", code)
	}
	pending, _, err := sub.Pending()
	if _, after := by.ask("list", ""); pending != 0 || err != nil || after != before {
		t.Errorf("%d answers, %v; the jobs were %s and are %s", pending, err, before, after)
	}
}

// testDiscoveryReply: nor do those who look for services get an answer anywhere else.
func (by *requester) testDiscoveryReply(t *testing.T) {
	sub, err := by.nc.SubscribeSync("infrastructure.>")
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"PING", "INFO", "STATS"} {
		for _, of := range []string{"$SRV." + verb, "$SRV." + verb + ".refold"} {
			if err := by.nc.PublishRequest(of, "infrastructure.file.x", nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := by.nc.Request("$SRV."+verb, nil, 10*time.Second); err != nil { // behind both
			t.Fatal(err)
		}
	}
	if pending, _, err := sub.Pending(); pending != 0 || err != nil {
		t.Errorf("%d answers, %v", pending, err)
	}
	if err := sub.Unsubscribe(); err != nil {
		t.Fatal(err)
	}
	reply, err := by.nc.Request("$SRV.STATS.refold", nil, 10*time.Second)
	var stats micro.Stats
	if err != nil || json.Unmarshal(reply.Data, &stats) != nil {
		t.Fatal(err)
	}
	for _, e := range stats.Endpoints {
		if e.Subject == subject+".replays.submit" && (e.NumRequests == 0 || e.NumErrors == 0 || e.NumErrors >= e.NumRequests || e.LastError == "") {
			t.Errorf("the statistics: %+v", e)
		}
	}
}

// testOtherVerbs: whatever can be asked by HTTP can be by NATS.
func (by *requester) testOtherVerbs(t *testing.T) {
	for _, test := range []struct{ verb, body, code, want string }{
		{"pipelines.list", "", "", `[{"pipeline":"lines",`},
		{"pipelines.state", `{"pipeline":"lines","key":"cmd"}`, "", `{"additions":1,"deletions":0,"changes":1}`},
		{"pipelines.state", `{"pipeline":"lines","key":"x"}`, "404", `{"error":"pipeline lines, key \"x\": `},
		{"pipelines.state", `{"pipeline":"lines","at":0}`, "400", `{"error":"parameter at: `},
		{"pipelines.state", `{"pipeline":"lines","of":"cmd"}`, "400", `{"error":"reading the request: json: unknown field`},
		{"pipelines.state", `{"pipeline":"lines","key":5}`, "400", `{"error":"reading the request: key cannot be number"}`},
		{"pipelines.resume", `{"pipeline":"lines"}`, "409", `{"error":"pipeline lines is `},
		{"generations.list", `{"pipeline":"lines"}`, "", `[{"generation":1,`},
		{"generations.drop", `{"pipeline":"lines","generation":9}`, "404", `{"error":"`},
		{"dead_letters.list", `{"pipeline":"lines"}`, "", `{"pipeline":"lines","parked":[],"letters":[]}`},
		{"dead_letters.drop", "", "400", `{"error":"reading the request: it has no body"}`},
		{"log.compare", "", "404", `{"error":"the engine has no copy of the log"}`},
		{"log.show", "", "", `{"head":4,"accepts_appends":true}`},
		{"openapi", "", "", `{"components":`},
	} {
		if code, body := by.askOf(test.verb, test.body); code != test.code || !strings.HasPrefix(body, test.want) {
			t.Errorf("%s %s: %s %.300s", test.verb, test.body, code, body)
		}
	}
}

// testLines: an answer of several lines is a message each, and one that counts them.
func (by *requester) testLines(t *testing.T) {
	for _, test := range []struct {
		verb, body string
		lines      int
		last       string
	}{
		{"events.list", `{"from":2,"limit":2}`, 2, `{"position":3,`},
		{"events.list", `{"from":9}`, 0, ""},
		{"pipelines.history", `{"pipeline":"lines","key":"docs"}`, 3, `{"done":true}`},
		{"pipelines.prove", `{"pipeline":"lines"}`, 2, `{"proof":{"pipeline":"lines",`},
	} {
		inbox := by.nc.NewRespInbox()
		sub, err := by.nc.SubscribeSync(inbox)
		if err != nil {
			t.Fatal(err)
		}
		if err := by.nc.PublishRequest(subject+"."+test.verb, inbox, []byte(test.body)); err != nil {
			t.Fatal(err)
		}
		lines, last := 0, ""
		for {
			m, err := sub.NextMsg(30 * time.Second)
			if err != nil {
				t.Fatalf("%s: %v", test.verb, err)
			}
			if end := m.Header.Get(control.LinesHeader); end != "" {
				if end != strconv.Itoa(lines) || len(m.Data) > 0 {
					t.Errorf("%s: it ends with %s %s behind %d lines", test.verb, end, m.Data, lines)
				}
				break
			}
			lines, last = lines+1, string(m.Data)
		}
		if lines < test.lines || !strings.HasPrefix(last, test.last) {
			t.Errorf("%s: %d lines, the last is %s", test.verb, lines, last)
		}
		if err := sub.Unsubscribe(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestServiceNotPermitted: a server that does not let requests come is an error at once.
func TestServiceNotPermitted(t *testing.T) {
	few := &server.Permissions{Subscribe: &server.SubjectPermission{Deny: []string{"refold-control.>"}}}
	running, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		Users: []*server.User{{Username: "few", Password: "p", Permissions: few}}})
	if err != nil {
		t.Fatal(err)
	}
	running.Start()
	t.Cleanup(func() { running.Shutdown(); running.WaitForShutdown() })
	if !running.ReadyForConnections(30 * time.Second) {
		t.Fatal("the server does not come up")
	}
	s, err := control.Serve(control.ServiceOptions{Engine: idle(t), Subject: subject, Version: "1.2.3", Logger: slog.New(slog.DiscardHandler),
		Connect: func(opts ...nats.Option) (*nats.Conn, error) {
			return nats.Connect(running.ClientURL(), append(opts, nats.UserInfo("few", "p"))...)
		}})
	if s != nil || !errors.Is(err, nats.ErrPermissionViolation) || !strings.Contains(err.Error(), subject+".>") {
		t.Errorf("%v, %v", s, err)
	}
}

// TestServiceLeavesNothing: a service that is closed has no goroutine, nor a connection.
func TestServiceLeavesNothing(t *testing.T) {
	log := history(t)
	e, connect := idle(t), logServer(t)
	connected(t, connect).Close()
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := serve(t, e, log, connect)
	nc := connected(t, connect)
	if code, body := (&requester{t: t, nc: nc}).ask("list", ""); code != "" || body != "[]" {
		t.Errorf("%s %s", code, body)
	}
	nc.Close()
	s.Close()
}

// requester sends requests, and reads answers.
type requester struct {
	t  *testing.T
	nc *nats.Conn
}

// ask returns the code of an error, or "", and the body.
func (by *requester) ask(verb, body string) (code, answer string) {
	by.t.Helper()
	return by.askOf("replays."+verb, body)
}

func (by *requester) askOf(verb, body string) (code, answer string) {
	by.t.Helper()
	reply, err := by.nc.Request(subject+"."+verb, []byte(body), 30*time.Second)
	if err != nil {
		by.t.Fatal(err)
	}
	code, about := reply.Header.Get(micro.ErrorCodeHeader), reply.Header.Get(micro.ErrorHeader)
	if (code == "") != (about == "") || strings.ContainsAny(about, "\r\n") {
		by.t.Errorf("%s: code %q, description %q", verb, code, about)
	}
	return code, string(reply.Data)
}

func (by *requester) job(verb, body string) (one job.Job) {
	by.t.Helper()
	if code, answer := by.ask(verb, body); code != "" || json.Unmarshal([]byte(answer), &one) != nil {
		by.t.Fatalf("%s %s: %s %s", verb, body, code, answer)
	}
	return one
}

func statusText(code int) string {
	return map[int]string{http.StatusBadRequest: "400", http.StatusNotFound: "404", http.StatusConflict: "409"}[code]
}

type connecter = func(...nats.Option) (*nats.Conn, error)

// logServer is the server of an embedded log, until the test ends.
func logServer(t *testing.T) connecter {
	t.Helper()
	server, err := embedded.Start(embedded.Options{Dir: filepath.Join(t.TempDir(), "log"), Sync: embedded.SyncInterval, Token: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(opts ...nats.Option) (*nats.Conn, error) {
		return nats.Connect(server.URL(), append(opts, nats.Token(server.Token()))...)
	}
}

func connected(t *testing.T, connect connecter) *nats.Conn {
	t.Helper()
	nc, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func serve(t *testing.T, e *engine.Engine, events control.EventReader, connect connecter) *control.Service {
	t.Helper()
	s, err := control.Serve(control.ServiceOptions{Engine: e, Events: events, Connect: connect, Subject: subject, Version: "1.2.3", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}
