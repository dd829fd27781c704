package control_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/engine/job"
)

// remote asks an engine as one on another machine is asked.
func remote(t testing.TB, r control.Remote) *control.Client {
	t.Helper()
	c, err := control.NewRemote(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// With the authority that has signed its certificate, and a token, an engine elsewhere is
// asked as one of this machine; and with a certificate of one's own where it wants one.
func TestRemote(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ca, stranger := newAuthority(t), newAuthority(t)
	files := ca.files(t, "127.0.0.1")
	tokened := secured(t, control.Options{Tokens: tokens, TLS: files, Version: "v1.2.3"})
	files.ClientCA, files.ClientMay = ca.file(t), []control.Right{control.Read}
	certified := secured(t, control.Options{TLS: files})
	pair, odd := ca.files(t, "ops"), stranger.files(t, "ops")

	with := control.Remote{URL: tokened.URL() + "/", Token: token, CA: files.ClientCA}
	shown := control.Remote{URL: certified.URL(), CA: files.ClientCA, Cert: pair.Cert, Key: pair.Key}
	operator, reader := remote(t, with), remote(t, shown)
	for _, c := range []*control.Client{operator, reader} {
		if list, err := c.Status(t.Context()); err != nil || list == nil || len(list) > 0 {
			t.Errorf("%v, %v", list, err)
		}
	}
	var answer *control.AnswerError
	if _, err := reader.Pause(t.Context(), "nobody", ""); !errors.As(err, &answer) || answer.Code != http.StatusForbidden || !answer.Remote {
		t.Errorf("who may read pauses: %v", err)
	}
	if _, err := operator.Pause(t.Context(), "nobody", ""); !errors.Is(err, engine.ErrUnknownPipeline) || !errors.As(err, &answer) || answer.Version != "v1.2.3" || answer.Unknown {
		t.Errorf("a pipeline that is not there: %#v", err)
	}
	for _, r := range []control.Remote{
		{URL: certified.URL(), CA: files.ClientCA},
		{URL: certified.URL(), CA: files.ClientCA, Cert: odd.Cert, Key: odd.Key},
	} {
		c := remote(t, r)
		_, err := c.Status(t.Context())
		var refused *net.OpError // or the connection is gone before that is read
		if !errors.As(err, &refused) || refused.Op != "remote error" && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("with the certificate %q: %v", r.Cert, err)
		}
		c.Close()
	}
	operator.Close()
	reader.Close()
	for _, s := range []*control.Server{tokened, certified} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Who is asked and does not answer as an engine is told by the kind of the error, and so
// is a certificate that is none of the engine's. The token goes nowhere else.
func TestRemoteRefusals(t *testing.T) {
	ca := newAuthority(t)
	trusted := ca.file(t)
	s := secured(t, control.Options{Tokens: tokens, TLS: ca.files(t, "127.0.0.1")})
	closed := secured(t, control.Options{Tokens: tokens})
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	elsewhere := answering(t, http.StatusOK, nil, "[]")
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var strange *control.StrangerError
	var unreached *control.UnreachedError
	var answer *control.AnswerError
	for name, test := range map[string]struct {
		url, ca, token string
		as             any
		says           string
	}{
		"nobody listens":       {closed.URL(), "", token, &unreached, "asking the engine at " + closed.URL() + ": dial tcp"},
		"an unknown authority": {s.URL(), "", token, &authority, "unknown authority"},
		"another authority":    {s.URL(), newAuthority(t).file(t), token, &authority, "unknown authority"},
		"another name":         {strings.Replace(s.URL(), "127.0.0.1", "localhost", 1), trusted, token, &host, "localhost"},
		"one that is plain":    {"https" + strings.TrimPrefix(elsewhere, "http"), trusted, token, &unreached, http.ErrSchemeMismatch.Error()},
		"one that is not":      {"http" + strings.TrimPrefix(s.URL(), "https"), "", token, &strange, "it says 400 Bad Request"},
		"another token":        {s.URL(), trusted, "another-token-than-theirs", &answer, "the request has no valid token"},
		"a page":               {answering(t, 200, http.Header{"Content-Type": {"text/html"}}, "<html>"), "", token, &strange, `it says 200 OK, with "text/html"`},
		"a redirection":        {answering(t, 302, http.Header{"Location": {elsewhere}}, ""), "", token, &strange, `it says 302 Found, and sends to "` + elsewhere},
		"another's answer":     {answering(t, 200, nil, `{"pipelines":[]}`), "", token, &strange, "what comes from /v1/pipelines is not what should"},
		"another's error":      {answering(t, 404, nil, `{"message":"no"}`), "", token, &strange, `it says 404 Not Found, with "application/json"`},
		"a lie":                {answering(t, 200, nil, `[{"pipeline":7}]`), "", token, &strange, "is not what should"},
		"half an answer":       {answering(t, 200, http.Header{"Content-Length": {"100"}}, `[{"pipeline`), "", token, &unreached, "the answer breaks off: unexpected EOF"},
		"another version":      {answering(t, 404, http.Header{"Refold-Version": {"v9"}}, `{"error":"there is no GET /v1/pipelines"}`), "", token, &answer, "there is no GET /v1/pipelines"},
	} {
		_, err := remote(t, control.Remote{URL: test.url, CA: caFor(test.url, test.ca), Token: test.token}).Status(t.Context())
		if err == nil || !errors.As(err, test.as) || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), test.token) {
			t.Errorf("%s: %v", name, err)
		}
		if errors.As(err, &answer) && name == "another version" && (!answer.Unknown || answer.Version != "v9") {
			t.Errorf("%s: %+v", name, answer)
		}
	}
}

// caFor is for who encrypts.
func caFor(url, ca string) string {
	if strings.HasPrefix(url, "https:") {
		return ca
	}
	return ""
}

// answering is the URL of a server that answers all alike. It is asked nothing by one who
// has been sent to it.
func answering(t *testing.T, code int, head http.Header, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for name, values := range head {
			w.Header()[name] = values
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// A server that takes a connection and says nothing is not waited for.
func TestRemoteIsSilent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // the kernel takes the connection
	c := remote(t, control.Remote{URL: "https://" + l.Addr().String(), Token: token})
	c.ConnectWithin(time.Millisecond)
	_, err = c.Status(t.Context())
	var slow net.Error
	if !errors.As(err, &slow) || !slow.Timeout() {
		t.Error(err)
	}
}

// What would tell others of the token, or cannot be meant, is refused before anything is
// asked, and a login in a URL is not repeated.
func TestRemoteURLs(t *testing.T) {
	for text, plain := range map[string]bool{
		"": false, "127.0.0.1:7461": false, "host:7461": false, "ftp://127.0.0.1": false, "https://": false, "https://:7461": false,
		"https://me:secret@host:7461": false, "https://me:sec ret@host": false, "https://host:7461?a=b": false, "https://host/#x": false,
		"http://host:7461": true, "http://10.0.0.1": true, "http://0.0.0.0:7461": true, "http://127.0.0.1.example.com": true, "http://[2001:db8::1]:80": true,
	} {
		_, err := control.NewRemote(control.Remote{URL: text, Token: token})
		var bad *control.URLError
		var open *control.PlainError
		if errors.As(err, &open) != plain || errors.As(err, &bad) == plain || strings.Contains(err.Error(), "sec") || strings.Contains(err.Error(), token) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"https://host", "https://host:7461/refold/", "http://127.0.0.1:7461", "http://[::1]:7461", "http://localhost:7461"} {
		remote(t, control.Remote{URL: text, Token: token})
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "none.pem"), []byte("none"))
	for _, r := range []control.Remote{
		{CA: filepath.Join(dir, "none.pem")}, {CA: filepath.Join(dir, "nowhere")}, {Cert: filepath.Join(dir, "none.pem"), Key: filepath.Join(dir, "none.pem")},
	} {
		r.URL = "https://host:7461"
		if _, err := control.NewRemote(r); err == nil || !strings.Contains(err.Error(), dir) && !strings.Contains(err.Error(), "PEM") {
			t.Errorf("%+v: %v", r, err)
		}
		if r.URL = "http://127.0.0.1:7461"; r.CA+r.Cert != "" {
			if _, err := control.NewRemote(r); err == nil {
				t.Errorf("%+v is taken", r)
			}
		}
	}
}

// FuzzAnswer: whatever is answered, a client says what it has read, or that it has not,
// and nothing of the token.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []struct {
		code        int
		media, body string
	}{
		{200, "application/json", "[]"}, {200, "application/jsonl", `{"position":1,"event":{}}`}, {200, "application/json", `{"job":null}`},
		{409, "application/json", `{"error":"x","refused":{}}`}, {409, "application/json", `{"error":"x","refused_job":{"state":7}}`},
		{200, "text/html", "<html>"}, {404, "application/json", `{"error":"there is no GET /"}`}, {302, "", ""}, {200, "application/json", `{"error":"x"}`},
	} {
		f.Add(seed.code, seed.media, []byte(seed.body))
	}
	var code int
	var media string
	var body []byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{media}
		w.Header().Set("Location", "http://127.0.0.1:1/")
		w.WriteHeader(code)
		_, _ = w.Write(body)
	}))
	f.Cleanup(s.Close)
	c := remote(f, control.Remote{URL: s.URL, Token: token})
	f.Fuzz(func(t *testing.T, status int, of string, text []byte) {
		code, media, body = 200+uint16ish(status)%400, of, text
		ctx := context.Background()
		for i, err := range answersOf(ctx, c) {
			if err != nil && (err.Error() == "" || strings.Contains(err.Error(), token)) {
				t.Errorf("%d: %v", i, err)
			}
			if err == nil && code != http.StatusOK {
				t.Errorf("%d: %d is a success", i, code)
			}
		}
	})
}

func uint16ish(n int) int { return int(uint16(n)) }

// answersOf asks one of each kind of answer: one value, lines until one says that it is
// the last, lines until the end.
func answersOf(ctx context.Context, c *control.Client) (errs []error) {
	_, err := c.Status(ctx)
	errs = append(errs, err)
	_, err = c.Latest(ctx, "p", 1)
	errs = append(errs, err)
	_, err = c.Events(ctx, control.EventQuery{})
	errs = append(errs, err)
	_, err = c.Reset(ctx, "p", func(job.Job) {})
	errs = append(errs, err)
	_, err = c.Pause(ctx, "p", "")
	errs = append(errs, err, c.History(ctx, "p", "k", func(engine.KeyChange) error { return nil }))
	return errs
}
