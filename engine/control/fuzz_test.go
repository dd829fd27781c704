package control_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// FuzzHandler: whatever is asked, by one who may do everything, is answered: with something
// that the API says, or with an error that says what is wrong with it. Nothing panics, and
// nothing is the server's fault.
func FuzzHandler(f *testing.F) {
	f.Add("GET", "/v1/pipelines/lines/state", "key=a&key=b", "")
	f.Add("BREW", "/v1/pipelines", "", "")
	for _, r := range routes(f) {
		for _, body := range []string{"", "{}", `{"reason":"r","pipeline":"lines","generation":1}`} {
			f.Add(r.method, strings.Replace(r.path, "nobody", "lines", 1), "key=docs&limit=2&at=3", body)
		}
	}
	for _, path := range []string{"", "/", "//", "/v1/../healthz", "/v1/pipelines/", "/v1/pipelines//state", "/v1/pipelines/%2F/state", "/v1/pipelines/lines/state/", "/\x00", "/v1/pipelines/\xff/state", "*"} {
		f.Add("GET", path, "prefix=%ff&after=a2NtZA", "")
	}
	f.Add("POST", "/v1/replays", "", `{"pipeline":"lines","until":2,"workers":3,"rate":7}`)
	f.Add("POST", "/v1/pipelines/lines/query", "", `[1,{"a":"\ud800"}]`)
	f.Add("GET", "/v1/pipelines/lines/changes", "after=1-2&prefix=d", "")
	f.Add("GET", "/v1/events", "aggregate=file/00000002-0000-7000-8000-000000000002&version=1&since=2026-01-01T00:00:00Z", "")
	log := history(f)
	s := listen(f, running(f, log), log)
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // of what waits, or does not end
		defer cancel()
		r := (&http.Request{Method: method, URL: &url.URL{Path: path, RawQuery: query}, Host: "127.0.0.1", Header: http.Header{},
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
		carrying(token)(r)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if isWell := path == "/healthz" || path == "/readyz"; w.Code >= 500 && !isWell || w.Code >= 300 && w.Code < 400 {
			t.Errorf("%s %q?%q %q: %d %s", method, path, query, body, w.Code, w.Body)
		}
		if w.Code < 400 || w.Code >= 500 {
			return
		}
		if isMethod := w.Code == http.StatusMethodNotAllowed; isMethod != (w.Header().Get("Allow") != "") {
			t.Errorf("%s %q: %d, and it takes %q", method, path, w.Code, w.Header().Get("Allow"))
		}
		var answer map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer["error"] == "" || answer["error"] == nil || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s %q?%q %q: %d %s, %v", method, path, query, body, w.Code, w.Body, err)
		}
	})
}
