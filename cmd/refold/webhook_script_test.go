package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// webhook runs an HTTP server until the script ends: webhook NAME. It sets NAME_URL,
// and adds a line to the file NAME.log for each request: status, method, path,
// Authorization, Idempotency-Key, body. The status is the one that the file
// NAME.status has, 200 where there is none, and what the answer says is how the
// request is authorised.
func webhook(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: webhook NAME")
	}
	h := &hook{log: ts.MkAbs(args[0] + ".log"), status: ts.MkAbs(args[0] + ".status")}
	s := httptest.NewServer(h)
	ts.Defer(func() {
		s.Close()
		ts.Check(h.err)
	})
	ts.Setenv(args[0]+"_URL", s.URL)
}

// hook is what the server does.
type hook struct {
	log, status string // files

	mu  sync.Mutex
	err error
}

func (h *hook) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	status, err := h.take(q)
	if err != nil {
		h.err = errors.Join(h.err, err)
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
	fmt.Fprintf(w, "authorised by %q", q.Header.Get("Authorization"))
}

func (h *hook) take(q *http.Request) (status int, err error) {
	status = http.StatusOK
	text, err := os.ReadFile(h.status)
	switch {
	case err == nil:
		status, err = strconv.Atoi(strings.TrimSpace(string(text)))
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	}
	if err != nil {
		return 0, err
	}
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return status, nil // whoever sent it is gone
	}
	f, err := os.OpenFile(h.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	_, err = fmt.Fprintf(f, "%d %s %s %q %s %s\n", status, q.Method, q.URL.Path, q.Header.Get("Authorization"), q.Header.Get("Idempotency-Key"), body)
	return status, errors.Join(err, f.Close())
}
