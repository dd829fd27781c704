package http_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	webhook "github.com/refold-dev/refold/plugins/http"
)

// class is what an error lets its caller do.
func class(err error) string {
	var retry *effect.RetryError
	var poison *effect.PoisonError
	switch {
	case err == nil:
		return "taken"
	case errors.As(err, &poison):
		return "poison"
	case errors.As(err, &retry):
		return "passes"
	}
	return "fatal"
}

// answering is a server that answers all requests with a handler, and an executor
// that posts to it.
func answering(t *testing.T, c webhook.Config, answer http.HandlerFunc) *webhook.Executor {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	c.URL = s.URL + c.URL
	return open(t, c)
}

func TestStatuses(t *testing.T) {
	for want, statuses := range map[string][]int{
		"taken":  {200, 201, 202, 204, 206, 299},
		"passes": {408, 425, 429, 500, 501, 502, 503, 504, 599, 999},
		"poison": {400, 409, 411, 412, 413, 414, 416, 417, 418, 422, 423, 424, 428, 431, 499},
		"fatal":  {300, 301, 304, 307, 401, 402, 403, 404, 405, 406, 407, 410, 415, 421, 426, 451},
	} {
		for _, status := range statuses {
			e := answering(t, webhook.Config{}, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				if status != 204 && status != 304 {
					fmt.Fprint(w, "because")
				}
			})
			err := e.Execute(t.Context(), rows(`{}`))
			if got := class(err); got != want {
				t.Errorf("%d: %s, want %s: %v", status, got, want, err)
			}
			var refused *webhook.StatusError
			if want != "taken" && (!errors.As(err, &refused) || refused.Code != status || status != 304 && refused.Text != "because") {
				t.Errorf("%d: got error %v, want the status and what the answer begins with", status, err)
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, " 7 ": 7 * time.Second, "-1": 0, "1.5": 0, "soon": 0,
		"99999999999999999999999": time.Hour, "Thu, 01 Jan 2026 00:00:00 GMT": 0, "Fri, 31 Dec 9999 23:59:59 GMT": time.Hour,
	} {
		e := answering(t, webhook.Config{}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		err := e.Execute(t.Context(), rows(`{}`))
		var retry *effect.RetryError
		if !errors.As(err, &retry) {
			t.Fatalf("Retry-After %q: got error %v, want one that passes", header, err)
		}
		if retry.After != want {
			t.Errorf("Retry-After %q: after %s, want %s", header, retry.After, want)
		}
	}
}

// TestSecretsStayOut of errors, also where the server repeats them.
func TestSecretsStayOut(t *testing.T) {
	const token, path = "s3cr3t-token", "T0PS/S3CR3T"
	for _, status := range []int{400, 401, 500, 302} {
		e := answering(t, webhook.Config{
			URL: "/" + path + "?key=qu3ry-key", SecretURL: true,
			Headers: []webhook.Header{{Name: "Authorization", Value: "Bearer " + token, Secret: token}},
		}, func(w http.ResponseWriter, q *http.Request) {
			w.Header().Set("Location", "http://elsewhere.invalid/"+path+q.Header.Get("Authorization"))
			w.WriteHeader(status)
			fmt.Fprintf(w, "%s you sent %s to %s, that is %s", strings.Repeat(" ", 500), q.Header.Get("Authorization"), q.RequestURI, q.URL.Path)
		})
		err := e.Execute(t.Context(), rows(`{}`))
		if err == nil {
			t.Fatalf("%d was taken", status)
		}
		for _, secret := range []string{token, "T0PS", "S3CR3T", "qu3ry"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%d: the error %v has %s", status, err, secret)
			}
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	e := open(t, webhook.Config{URL: gone.URL + "/" + path, SecretURL: true})
	if err := e.Execute(t.Context(), rows(`{}`)); class(err) != "passes" || strings.Contains(err.Error(), "T0PS") {
		t.Errorf("a server that is gone: %v", err)
	}
}

func TestRedirections(t *testing.T) {
	other := newReceiver(t)
	r := newReceiver(t)
	hops := 0
	e := answering(t, webhook.Config{}, func(w http.ResponseWriter, q *http.Request) {
		switch {
		case q.URL.Path == "/":
			http.Redirect(w, q, "/moved", http.StatusPermanentRedirect)
		case q.URL.Path == "/moved":
			r.ServeHTTP(w, q)
		}
	})
	if err := e.Execute(t.Context(), rows(`{"id":"a"}`)); err != nil {
		t.Fatal(err)
	}
	if got := r.got(); len(got) != 1 || got[0].Method != "POST" || got[0].Header.Get("Idempotency-Key") == "" || strings.Join(r.journal.Performed(t), "") != "a" {
		t.Errorf("a redirection within the host: got %d requests", len(got))
	}
	for name, answer := range map[string]http.HandlerFunc{
		"another host": func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, other.URL, http.StatusTemporaryRedirect)
		},
		"another method": func(w http.ResponseWriter, q *http.Request) { http.Redirect(w, q, "/moved", http.StatusSeeOther) },
		"another scheme": func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, "https://"+q.Host, http.StatusPermanentRedirect)
		},
		"without an end": func(w http.ResponseWriter, q *http.Request) {
			hops++
			http.Redirect(w, q, "/", http.StatusPermanentRedirect)
		},
	} {
		if err := answering(t, webhook.Config{}, answer).Execute(t.Context(), rows(`{}`)); class(err) != "fatal" {
			t.Errorf("%s: %v, want a fatal error", name, err)
		}
	}
	if len(other.got()) > 0 || hops != 4 {
		t.Errorf("the other host was asked, or %d times the same, want 4", hops)
	}
}

func TestCertificates(t *testing.T) {
	r := newReceiver(t)
	s := httptest.NewUnstartedServer(r)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it says that the client hangs up
	s.StartTLS()
	t.Cleanup(s.Close)
	if err := open(t, webhook.Config{URL: s.URL}).Execute(t.Context(), rows(`{}`)); class(err) != "fatal" || len(r.got()) > 0 {
		t.Errorf("an unknown authority: %v, want a fatal error, and nothing sent", err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(t, webhook.Config{URL: s.URL, CAFile: ca}).Execute(t.Context(), rows(`{"id":"a"}`)); err != nil {
		t.Error(err)
	}
	wrongName := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	var unnamed x509.HostnameError
	if err := open(t, webhook.Config{URL: wrongName, CAFile: ca}).Execute(t.Context(), rows(`{}`)); class(err) != "fatal" || !errors.As(err, &unnamed) {
		t.Errorf("another name: %v, want a fatal error", err)
	}
	if err := os.WriteFile(ca, []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := webhook.New(webhook.Config{URL: s.URL, CAFile: ca}); err == nil || !strings.Contains(err.Error(), "has no certificate") {
		t.Errorf("a file without certificates: %v", err)
	}
}
