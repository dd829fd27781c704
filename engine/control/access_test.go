package control_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/refold-dev/refold/engine/control"
)

// route is one of the OpenAPI document.
type route struct {
	method, path string
	right        string
}

func routes(t testing.TB) (list []route) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			list = append(list, route{method, filled.Replace(path), op.Extensions["x-refold-right"].(string)})
		}
	}
	if len(list) < 20 {
		t.Fatalf("%d routes", len(list))
	}
	return list
}

// filled puts something in the places of names.
var filled = strings.NewReplacer("{pipeline}", "nobody", "{generation}", "7", "{id}", "01900000-0000-7000-8000-000000000000")

// recorded is the answer of a server to a request that is changed first.
func recorded(s *control.Server, method, path string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.Host = "127.0.0.1:7461"
	change(r)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

func carrying(secret string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+secret) }
}

// Of all routes none answers without a token, none that changes something to one who may
// only read, and all to one who may do what they are for.
func TestEveryRouteNeedsItsRight(t *testing.T) {
	s := listen(t, idle(t), history(t))
	for _, r := range routes(t) {
		for _, secret := range []string{"", " ", "x", token + "x", token[1:], strings.ToUpper(token)} {
			if w := recorded(s, r.method, r.path, carrying(secret)); w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s %s with %q: %d %s", r.method, r.path, secret, w.Code, w.Body)
			}
		}
		twice := func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer " + token, "Bearer " + readToken} }
		if w := recorded(s, r.method, r.path, twice); w.Code != http.StatusUnauthorized {
			t.Errorf("%s %s with two tokens: %d %s", r.method, r.path, w.Code, w.Body)
		}
		w := recorded(s, r.method, r.path, carrying(readToken))
		if forbidden := w.Code == http.StatusForbidden; forbidden != (r.right == "operate") {
			t.Errorf("%s %s by one who may read: %d %s", r.method, r.path, w.Code, w.Body)
		}
		w = recorded(s, r.method, r.path, carrying(token))
		if w.Code == http.StatusUnauthorized || w.Code == http.StatusForbidden || w.Code >= 500 && r.path != "/readyz" { // the engine does not run
			t.Errorf("%s %s by one who may: %d %s", r.method, r.path, w.Code, w.Body)
		}
	}
}

// A page in a browser can do nothing, even if it had a token: neither one of another
// origin, nor one whose host's name leads to this machine.
func TestPagesAreRefused(t *testing.T) {
	s := listen(t, idle(t), history(t))
	for name, change := range map[string]func(*http.Request){
		"another origin":     func(r *http.Request) { r.Header.Set("Origin", "https://example.com") },
		"no origin":          func(r *http.Request) { r.Header.Set("Origin", "null") },
		"cross-site":         func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"same-site":          func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"a name":             func(r *http.Request) { r.Host = "example.com" },
		"a name with a port": func(r *http.Request) { r.Host = "localhost.example.com:7461" },
		"another address":    func(r *http.Request) { r.Host = "192.0.2.1:7461" },
		"no host":            func(r *http.Request) { r.Host = "" },
	} {
		for _, r := range routes(t) {
			w := recorded(s, r.method, r.path, func(r *http.Request) { carrying(token)(r); change(r) })
			if w.Code != http.StatusForbidden || !strings.HasPrefix(w.Body.String(), `{"error":"`) {
				t.Errorf("%s: %s %s: %d %s", name, r.method, r.path, w.Code, w.Body)
			}
		}
	}
	for name, change := range map[string]func(*http.Request){
		"none":         func(*http.Request) {},
		"localhost":    func(r *http.Request) { r.Host = "localhost:1" },
		"IPv6":         func(r *http.Request) { r.Host = "[::1]:1" },
		"without port": func(r *http.Request) { r.Host = "[::1]" },
		"same origin":  func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") },
		"typed":        func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "none") },
	} {
		if w := recorded(s, "GET", "/v1/pipelines", func(r *http.Request) { carrying(token)(r); change(r) }); w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

// What others could reach is not listened at without what keeps them out.
func TestListenRefuses(t *testing.T) {
	ca := newAuthority(t)
	files := ca.files(t, "127.0.0.1")
	open := []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0"}
	certified := *files
	certified.ClientCA, certified.ClientMay = files.Cert, []control.Right{control.Read}
	powerless := certified
	powerless.ClientMay = nil
	for name, o := range map[string]control.Options{
		"nothing":                     {},
		"a certificate of the server": {TLS: files},
		"no rights":                   {TLS: &powerless},
		"no encryption":               {Tokens: tokens},
	} {
		for _, o.Address = range append(open, "127.0.0.1:0") {
			if host, _, _ := net.SplitHostPort(o.Address); host == "127.0.0.1" && len(o.Tokens) > 0 {
				continue
			}
			s, err := control.Listen(o)
			var refused *control.OpenError
			if !errors.As(err, &refused) || refused.Address != o.Address {
				t.Errorf("%s at %s: %v, %v", name, o.Address, s, err)
			}
		}
	}
	for _, o := range []control.Options{{Tokens: tokens, TLS: files}, {TLS: &certified}} {
		o.Address, o.Logger = "0.0.0.0:0", slog.New(slog.DiscardHandler)
		s, err := control.Listen(o)
		if err != nil {
			t.Errorf("with all that it needs: %v", err)
			continue
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Profiles are for those who may operate, and where somebody wants them.
func TestProfiles(t *testing.T) {
	for wanted, code := range map[bool]int{true: http.StatusOK, false: http.StatusNotFound} {
		s, err := control.Listen(control.Options{Tokens: tokens, Pprof: wanted, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for _, path := range []string{"", "cmdline", "symbol", "goroutine?debug=1"} {
			if w := recorded(s, "GET", "/debug/pprof/"+path, carrying(token)); w.Code != code {
				t.Errorf("%s, wanted %v: %d", path, wanted, w.Code)
			}
			if w := recorded(s, "GET", "/debug/pprof/"+path, carrying(readToken)); w.Code == http.StatusOK {
				t.Errorf("%s for one who may read: %d", path, w.Code)
			}
		}
	}
}

// The log names who has asked for what, and no token; and those who may not ask do not
// fill it.
func TestLogOfRequests(t *testing.T) {
	var text bytes.Buffer
	s, err := control.Listen(control.Options{Engine: idle(t), Tokens: tokens,
		Logger: slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		recorded(s, "POST", "/v1/pipelines/nobody/pause", carrying(token+"x"))
	}
	recorded(s, "POST", "/v1/pipelines/nobody/pause", carrying(readToken))
	recorded(s, "POST", "/v1/pipelines/nobody/pause", carrying(token))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	log := text.String()
	if strings.Contains(log, token) || strings.Contains(log, readToken) || strings.Count(log, "may not") > 10 ||
		strings.Count(log, "by=operator what=pipelines.pause") != 1 || strings.Contains(log, "by=reader") {
		t.Error(log)
	}
}

func TestCheckSecret(t *testing.T) {
	for _, good := range []string{token, strings.Repeat("0", 64), "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~"} {
		if err := control.CheckSecret(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "short", strings.Repeat("x", 19), token + " " + token, token + "\n", token + "é"} {
		if err := control.CheckSecret(bad); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
