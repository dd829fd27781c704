package control_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/engine/job"
	"github.com/refold-dev/refold/eventstore/memory"
)

// sent is one of the Server-Sent Events.
type sent struct {
	id, kind, data string
}

// events reads Server-Sent Events.
type events struct {
	t    *testing.T
	body io.Closer
	in   *bufio.Reader
}

func watching(t *testing.T, s *control.Server, query, last string) *events {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/v1/pipelines/lines/changes"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	carrying(readToken)(r)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s %s", resp.Status, resp.Header)
	}
	return &events{t, resp.Body, bufio.NewReader(resp.Body)}
}

// next is the next event, and what its data are.
func (e *events) next() (s sent, n engine.Notice) {
	e.t.Helper()
	for {
		line, err := e.in.ReadString('\n')
		if err != nil {
			e.t.Fatalf("behind %+v: %v", s, err)
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "id":
			s.id = value
		case "event":
			s.kind = value
		case "data":
			s.data = value
		case "":
			if s.kind != "" {
				e.fits(s)
				if err := json.Unmarshal([]byte(s.data), &n); err != nil {
					e.t.Fatal(err)
				}
				return s, n
			}
		}
	}
}

// fits holds an event against the OpenAPI document.
func (e *events) fits(s sent) {
	e.t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.json")
	if err != nil {
		e.t.Fatal(err)
	}
	schema := doc.Paths.Value("/v1/pipelines/{pipeline}/changes").Get.Responses.Value("200").Value.Content.Get("text/event-stream").Schema
	if s.kind == "error" {
		schema = doc.Components.Schemas["Error"]
	}
	var data any
	if err := json.Unmarshal([]byte(s.data), &data); err != nil {
		e.t.Fatal(err)
	}
	if err := schema.Value.VisitJSON(data, openapi3.EnableJSONSchema2020()); err != nil && s.kind != "end" {
		e.t.Errorf("%+v: %v", s, err)
	}
}

// grow appends the nth event of a file in a folder.
func grow(t *testing.T, log *memory.Store, n int, dir string) {
	t.Helper()
	e, err := event.ParseJSON([]byte(fmt.Sprintf(`{"id":"00000001-0000-7000-8000-0000000001%02d","aggregate_type":"file","aggregate_id":"00000002-0000-7000-8000-0000000001%02d",`+
		`"type":"file_added","time":"2026-01-02T00:00:00Z","correlation_id":"00000003-0000-7000-8000-000000000001","causation_id":null,"data":{"dir":%q,"additions":1,"deletions":0}}`, n, n, dir)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Append(t.Context(), e.Aggregate, event.Any(), e); err != nil {
		t.Fatal(err)
	}
}

// One who watches is told what changes and where a replay's read model takes over, goes on
// from where it was, and is told when the server stops.
func TestChanges(t *testing.T) {
	log := history(t)
	s := listen(t, running(t, log), log)
	client := control.NewClient(s.URL(), token)
	waitUntilLive(t, client)
	all := watching(t, s, "", "")
	first, n := all.next()
	if first.kind != engine.Ready || n.Generation != 1 || len(n.Keys) > 0 || first.id != fmt.Sprintf("1-%d", n.Position) {
		t.Errorf("at first: %+v", first)
	}
	for n.Position < 4 { // what is not stored yet
		_, n = all.next()
	}
	grow(t, log, 1, "src")
	change, n := all.next()
	want := `{"generation":1,"position":5,"keys":[{"key":"src","state":{"additions":1,"deletions":0,"changes":1}}]}`
	if change != (sent{"1-5", engine.Changed, want}) || n.Position != 5 {
		t.Errorf("a change: %+v", change)
	}
	grow(t, log, 2, "docs")
	one := watching(t, s, "?key=docs", change.id)
	begun, n := one.next()
	if begun.kind != engine.Ready || begun.id != change.id || len(n.Keys) != 1 || n.Keys[0].Key != "docs" {
		t.Errorf("one who goes on: %+v", begun)
	}
	for _, of := range []*events{all, one} {
		if got, n := of.next(); got.kind != engine.Changed || got.id != "1-6" || len(n.Keys) != 1 || n.Keys[0].Key != "docs" {
			t.Errorf("a change of one key: %+v", got)
		}
	}
	if _, err := client.Reset(t.Context(), "lines", func(job.Job) {}); err != nil {
		t.Fatal(err)
	}
	if got, n := all.next(); got.kind != engine.Missed || got.id != "3-6" || n.Reason != "another generation serves" {
		t.Errorf("another generation: %+v", got)
	}
	lost := watching(t, s, "?prefix=d&after=1-1", "")
	lost.next()
	if got, _ := lost.next(); got.kind != engine.Missed || got.id != "3-6" {
		t.Errorf("one whose place is not known: %+v", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got, _ := lost.next(); got != (sent{"", "end", "{}"}) {
		t.Errorf("at the end: %+v", got)
	}
	if _, err := lost.in.ReadByte(); err != io.EOF {
		t.Errorf("behind the end: %v", err)
	}
}

// One who is told nothing sees that the server is there, and keeps how far he has come, also
// past what is not of interest.
func TestHeartbeats(t *testing.T) {
	log := history(t)
	s := listen(t, running(t, log), log)
	waitUntilLive(t, control.NewClient(s.URL(), token))
	s.BeatEvery(time.Millisecond)
	e := watching(t, s, "?key=nobody", "")
	if first, _ := e.next(); first.kind != engine.Ready {
		t.Errorf("at first: %+v", first)
	}
	grow(t, log, 1, "src")
	for id := ""; id != "id: 1-5\n"; {
		for _, want := range []string{":\n", "id: 1-", "\n"} {
			line, err := e.in.ReadString('\n')
			if err != nil || !strings.HasPrefix(line, want) {
				t.Fatalf("%q, %v; want %q", line, err, want)
			}
			if want == "id: 1-" {
				id = line
			}
		}
	}
}

// What cannot be watched is an answer, and so is one who watches too many.
func TestChangesAreRefused(t *testing.T) {
	log := history(t)
	s := listen(t, running(t, log), log)
	waitUntilLive(t, control.NewClient(s.URL(), token))
	for query, want := range map[string]int{
		"lines/changes?after=x": 400, "lines/changes?after=1-": 400, "lines/changes?after=-1-1": 400, "lines/changes?key=a&prefix=b": 400,
		"lines/changes?since=1": 400, "nobody/changes": 404,
	} {
		if code, body := ask(t, "GET", s.URL()+"/v1/pipelines/"+query, "Bearer "+token); code != want {
			t.Errorf("%s: %d %s", query, code, body)
		}
	}
	many := make([]*events, 256)
	for i := range many {
		many[i] = watching(t, s, "", "")
	}
	if code, body := ask(t, "GET", s.URL()+"/v1/pipelines/lines/changes", "Bearer "+token); code != http.StatusTooManyRequests {
		t.Errorf("one too many: %d %s", code, body)
	}
	for _, e := range many {
		e.body.Close()
	}
}

// Pages and queries, as they are asked for by HTTP.
func TestStates(t *testing.T) {
	log := history(t)
	s := listen(t, running(t, log), log)
	waitUntilLive(t, control.NewClient(s.URL(), token))
	const page = `{"generation":1,"position":4,"items":[{"key":"cmd","state":{"additions":1,"deletions":0,"changes":1}}],"next":"a2NtZA"}`
	for _, test := range []struct {
		method, path, content string
		code                  int
		body                  string
	}{
		{"GET", "state?limit=1", "", 200, page},
		{"GET", "state?limit=1&after=a2NtZA", "", 200, strings.NewReplacer("cmd", "docs", `"additions":1,"deletions":0,"changes":1`, `"additions":7,"deletions":4,"changes":2`, `,"next":"a2NtZA"`, "").Replace(page)},
		{"GET", "state?prefix=x", "", 200, `{"generation":1,"position":4,"items":[]}`},
		{"GET", "state?limit=0", "", 400, `{"error":"parameter limit: a page has 1 to 1000 keys"}`},
		{"GET", "state?limit=1001", "", 400, `{"error":"parameter limit: a page has 1 to 1000 keys"}`},
		{"GET", "state?limit=x", "", 400, `{"error":"parameter limit: \"x\" is no whole number, or too large"}`},
		{"GET", "state?prefix=d&key=docs", "", 400, `{"error":"parameter key: pages are of many keys"}`},
		{"GET", "state?prefix=d&at=2", "", 400, `{"error":"parameter at: pages are of the present state"}`},
		{"GET", "state?after=x", "", 400, `{"error":"after: \"x\" is not the next of a page"}`},
		{"GET", "state?at=1&time=2026-01-01T00:00:00Z", "", 400, `{"error":"parameter time: there is a position as well"}`},
		{"GET", "state?at=0", "", 400, `{"error":"parameter at: 0 is no position"}`},
		{"GET", "state?at=2&key=docs", "", 200, `{"additions":5,"deletions":0,"changes":1}`},
		{"POST", "query", `{"top":3}`, 409, `{"error":"pipeline lines: its projection is keyed, and answers no queries: read its state by key"}`},
		{"POST", "query", `{`, 400, `{"error":"reading the request: unexpected EOF"}`},
		{"POST", "query", `1 2`, 400, `{"error":"reading the request: there is more behind it"}`},
	} {
		if code, body := askWith(t, test.method, s.URL()+"/v1/pipelines/lines/"+test.path, "Bearer "+readToken, test.content); code != test.code || body != test.body {
			t.Errorf("%s %s: %d %s; want %d %s", test.method, test.path, code, body, test.code, test.body)
		}
	}
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var data any
	if err := json.Unmarshal([]byte(page), &data); err != nil {
		t.Fatal(err)
	}
	if err := doc.Components.Schemas["Page"].Value.VisitJSON(data, openapi3.EnableJSONSchema2020()); err != nil {
		t.Error(err)
	}
}
